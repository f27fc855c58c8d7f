"""Pages for what went wrong: they say what, and what to do."""

from redis.exceptions import RedisError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from shared.errors import Unavailable
from shared.text import escape_control_chars
from workers.console.context import NoDatabase, context_of

_TITLES = {403: "Not allowed", 404: "Not here", 405: "Not like this", 413: "Too large"}


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = _TITLES.get(error.status_code, "This did not work")
    words = "There is no such page." if error.status_code == 404 and error.detail == "Not Found" else error.detail
    return _page(request, error.status_code, title, words, "")


async def _redis(request: Request, error: Exception) -> Response:
    words = f"Redis does not answer: {escape_control_chars(' '.join(str(error).split()))}."
    advice = "Webhooks go to the ingress's spool meanwhile, and workers wait. See that the Redis server runs."
    return _page(request, 503, "Redis is away", words, advice)


async def _store(request: Request, error: Exception) -> Response:
    advice = "Events wait in their lanes meanwhile, charged no attempt. See that the database runs, then reload."
    return _page(request, 503, "The event store is away", f"{escape_control_chars(str(error)).capitalize()}.", advice)


async def _no_store(request: Request, _error: Exception) -> Response:
    words = "The event store is switched off: SLUICE_DATABASE_URL is none."
    advice = "This page shows what is stored. Set SLUICE_DATABASE_URL to keep events in SQLite or PostgreSQL."
    return _page(request, 200, "Nothing is stored", words, advice)


async def _fault(request: Request, _error: Exception) -> Response:
    # Starlette raises it again after this answer, and the server logs it.
    return _page(request, 500, "A fault of the console", "This is a fault of the console; the log has it.", "")


def _page(request: Request, status: int, title: str, words: str, advice: str) -> Response:
    if not hasattr(request.state, "session"):  # a file that is not there
        return PlainTextResponse(f"{title}: {words}\n", status)
    return context_of(request).render(request, "fault.html", status, title=title, words=words, advice=advice)


HANDLERS = {
    HTTPException: _http,
    RedisError: _redis,
    Unavailable: _store,
    NoDatabase: _no_store,
    Exception: _fault,
}
