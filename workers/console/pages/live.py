"""Server-sent events: the part of a page that changes, sent whole each time the figures were renewed."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from workers.console.desk import Desk, desk
from workers.console.live.sampler import State
from workers.console.pages import lanes, overview

#: Seconds between two looks whether there is anything new, and after which a stream ends: the browser comes again, and
#: is asked again who it is.
_EVERY = 0.25
_LASTS = 600.0
#: Seconds without anything new after which a word is sent all the same, so that a broken connection is noticed.
_SILENCE = 15.0
#: Streams at a time. A browser has one a page.
_MOST = 200

_PARTS: dict[str, tuple[str, Callable[[State], dict[str, Any]]]] = {
    "overview": ("parts/overview.html", overview.shown),
    "lanes": ("parts/lanes.html", lanes.shown),
    "lanes-all": ("parts/lanes.html", lanes.shown_all),
}


async def stream(request: Request) -> Response:
    """The stream of one part."""
    what = request.path_params["what"]
    here = desk(request)
    if what not in _PARTS:
        raise HTTPException(404)
    if here.streams >= _MOST:
        raise HTTPException(503, "Too many pages are open.")
    return StreamingResponse(
        _events(request, here, what), media_type="text/event-stream", headers={"x-accel-buffering": "no"}
    )


async def _events(request: Request, here: Desk, what: str) -> AsyncIterator[str]:
    here.streams += 1
    try:
        end, told, number = time.monotonic() + _LASTS, time.monotonic(), -1
        yield "retry: 2000\n\n"
        while time.monotonic() < end and not here.stopping and here.sessions.lasts(request.state.session):
            state = here.sampler.state
            if state.number != number:
                number, told = state.number, time.monotonic()
                yield _event(_part(request, here, what, state))
            elif time.monotonic() - told > _SILENCE:
                told = time.monotonic()
                yield ": still here\n\n"
            await asyncio.sleep(_EVERY)
    finally:
        here.streams -= 1


def _part(request: Request, here: Desk, what: str, state: State) -> str:
    template, shown = _PARTS[what]
    return here.text(request, template, **shown(state))


def _event(text: str) -> str:
    lines = "".join(f"data: {line}\n" for line in text.splitlines() if line.strip())
    return f"event: look\n{lines}\n"
