"""Server-sent events: the changing part of a page, sent completely after each refresh of the monitoring state."""

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

#: Interval of checks for a new state.
_CHECK_INTERVAL_SECONDS = 0.25
#: After this time a stream ends. The browser reconnects, which checks its session again.
_MAX_STREAM_SECONDS = 600.0
#: Without a new state a comment is sent at this interval, so that broken connections are noticed.
_KEEPALIVE_SECONDS = 15.0
#: Open streams per console; a browser has one per page.
_MAX_STREAMS = 200

TemplateContext = dict[str, Any]
#: Returns what a page part shows.
_GetContext = Callable[[MonitoringState], Awaitable[TemplateContext]]

_PARTS: dict[str, tuple[str, Callable[[MonitoringState], TemplateContext]]] = {
    "overview": ("parts/overview.html", overview.overview_context),
    "lanes": ("parts/lanes.html", lanes.used_lanes_context),
    "lanes-all": ("parts/lanes.html", lanes.all_lanes_context),
}


async def stream(request: Request) -> Response:
    """Stream the changing part of the overview or of the table of lanes."""
    what = request.path_params["what"]
    if what not in _PARTS:
        raise HTTPException(404)
    template, context = _PARTS[what]

    async def get_context(state: MonitoringState) -> TemplateContext:
        return context(state)

    return _stream(request, template, get_context)


async def lane_stream(request: Request) -> Response:
    """Stream the changing part of one lane's page."""
    console, name = context_of(request), request.path_params["lane"]
    await lanes.lane_context(console, name)  # raises if there is no such lane
    return _stream(request, "parts/lane.html", lambda _state: lanes.lane_context(console, name))


def _stream(request: Request, template: str, get_context: _GetContext) -> Response:
    console = context_of(request)
    if console.open_streams >= _MAX_STREAMS:
        raise HTTPException(503, "Too many pages are open.")
    events = _events(request, console, template, get_context)
    return StreamingResponse(events, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


async def _events(
    request: Request, console: ConsoleContext, template: str, get_context: _GetContext
) -> AsyncIterator[str]:
    console.open_streams += 1
    try:
        end, last_sent, sequence = time.monotonic() + _MAX_STREAM_SECONDS, time.monotonic(), -1
        yield "retry: 2000\n\n"
        while time.monotonic() < end and not console.stopping and console.sessions.is_active(request.state.session):
            state = console.sampler.state
            if state.sequence != sequence:
                sequence, last_sent = state.sequence, time.monotonic()
                if part := await _part(request, console, template, get_context):
                    yield _event(part)
            elif time.monotonic() - last_sent > _KEEPALIVE_SECONDS:
                last_sent = time.monotonic()
                yield ": keepalive\n\n"
            await asyncio.sleep(_CHECK_INTERVAL_SECONDS)
    finally:
        console.open_streams -= 1


async def _part(request: Request, console: ConsoleContext, template: str, get_context: _GetContext) -> str:
    """Return the page's part, and the number of dead letters for the navigation; empty if Redis is unavailable."""
    try:
        context = await get_context(console.sampler.state)
    except (RedisError, OSError):
        return ""  # the page shows how old its figures are
    badge = console.render_text(request, "parts/badge.html", oob=True)
    return console.render_text(request, template, **context) + badge


def _event(text: str) -> str:
    lines = "".join(f"data: {line}\n" for line in text.splitlines() if line.strip())
    return f"event: look\n{lines}\n"
