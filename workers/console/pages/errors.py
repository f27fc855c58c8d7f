"""Error pages: what is wrong and what to do."""

from redis.exceptions import RedisError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from shared.errors import Unavailable
from shared.text import escape_control_chars
from workers.console.context import NoDatabase, context_of

_TITLES = {403: "Not allowed", 404: "Not found", 405: "Method not allowed", 413: "Too large"}


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = _TITLES.get(error.status_code, "Invalid request")
    is_unknown_page = error.status_code == 404 and error.detail == "Not Found"
    return _page(request, error.status_code, title, "This page doesn't exist." if is_unknown_page else error.detail)


async def _redis_error(request: Request, error: Exception) -> Response:
    message = f"Redis doesn't respond: {escape_control_chars(' '.join(str(error).split()))}."
    advice = "Until it is back, webhooks go to the ingress's spool and workers wait. Check the Redis server."
    return _page(request, 503, "Redis is unavailable", message, advice)


async def _store_unavailable(request: Request, error: Exception) -> Response:
    reason = escape_control_chars(str(error))
    advice = "Until it is available, events wait in their lanes without using up attempts. Check the database."
    return _page(request, 503, "The event store is unavailable", f"{reason[:1].upper()}{reason[1:]}.", advice)


async def _no_database(request: Request, _error: Exception) -> Response:
    message = "The event store is switched off: SLUICE_DATABASE_URL is none."
    advice = "This page shows stored events. Set SLUICE_DATABASE_URL to store events in SQLite or PostgreSQL."
    return _page(request, 200, "No event store", message, advice)


async def _internal_error(request: Request, _error: Exception) -> Response:
    # Starlette re-raises the error after this response, and the server logs it.
    return _page(request, 500, "Internal error", "The console failed to show this page. Its log contains the error.")


def _page(request: Request, status: int, title: str, message: str, advice: str = "") -> Response:
    if not hasattr(request.state, "session"):  # a public path, such as a missing static file
        return PlainTextResponse(f"{title}: {message}\n", status)
    return context_of(request).render(request, "error.html", status, title=title, message=message, advice=advice)


HANDLERS = {
    HTTPException: _http_error,
    RedisError: _redis_error,
    Unavailable: _store_unavailable,
    NoDatabase: _no_database,
    Exception: _internal_error,
}
