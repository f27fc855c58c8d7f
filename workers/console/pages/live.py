"""Server-sent events: the part of a page that changes, sent whole each time the figures were renewed."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from redis.exceptions import RedisError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from workers.console.context import ConsoleContext, context_of
from workers.console.pages import lanes, overview
from workers.operations.monitoring.sampler import MonitoringState

#: Seconds between two looks whether there is anything new, and after which a stream ends: the browser comes again, and
#: is asked again who it is.
_UPDATE_INTERVAL = 0.25
_LASTS = 600.0
#: Seconds without anything new after which a word is sent all the same, so that a broken connection is noticed.
_SILENCE = 15.0
#: Streams at a time. A browser has one a page.
_MAX_STREAMS = 200

TemplateContext = dict[str, Any]
#: What a part shows of a state, and the template of it.
_Shown = Callable[[MonitoringState], Awaitable[TemplateContext]]


async def stream(request: Request) -> Response:
    """The stream of the overview's part, or of that of all lanes."""
    what = request.path_params["what"]
    if what not in _PARTS:
        raise HTTPException(404)
    template, shown = _PARTS[what]
    return _stream(request, template, _at_once(shown))


async def lane(request: Request) -> Response:
    """The stream of one lane's part."""
    here, name = context_of(request), request.path_params["lane"]
    await lanes.shown_one(here, name)  # it is there
    return _stream(request, "parts/lane.html", lambda _state: lanes.shown_one(here, name))


_PARTS: dict[str, tuple[str, Callable[[MonitoringState], TemplateContext]]] = {
    "overview": ("parts/overview.html", overview.shown),
    "lanes": ("parts/lanes.html", lanes.shown),
    "lanes-all": ("parts/lanes.html", lanes.shown_all),
}


def _at_once(shown: Callable[[MonitoringState], TemplateContext]) -> _Shown:
    async def showing(state: MonitoringState) -> TemplateContext:
        return shown(state)

    return showing


def _stream(request: Request, template: str, shown: _Shown) -> Response:
    here = context_of(request)
    if here.streams >= _MAX_STREAMS:
        raise HTTPException(503, "Too many pages are open.")
    events = _events(request, here, template, shown)
    return StreamingResponse(events, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


async def _events(request: Request, here: ConsoleContext, template: str, shown: _Shown) -> AsyncIterator[str]:
    here.streams += 1
    try:
        end, told, number = time.monotonic() + _LASTS, time.monotonic(), -1
        yield "retry: 2000\n\n"
        while time.monotonic() < end and not here.stopping and here.sessions.lasts(request.state.session):
            state = here.sampler.state
            if state.sequence != number:
                number, told = state.sequence, time.monotonic()
                if part := await _part(request, here, template, shown):
                    yield _event(part)
            elif time.monotonic() - told > _SILENCE:
                told = time.monotonic()
                yield ": still here\n\n"
            await asyncio.sleep(_UPDATE_INTERVAL)
    finally:
        here.streams -= 1


async def _part(request: Request, here: ConsoleContext, template: str, shown: _Shown) -> str:
    """With the count of dead letters that stands beside their link on every page."""
    try:
        context = await shown(here.sampler.state)
    except (RedisError, OSError):
        return ""  # the page says how long it has had no news
    return here.text(request, template, **context) + here.text(request, "parts/badge.html", oob=True)


def _event(text: str) -> str:
    lines = "".join(f"data: {line}\n" for line in text.splitlines() if line.strip())
    return f"event: look\n{lines}\n"
