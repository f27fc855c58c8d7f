"""uvicorn's HTTP, with an end to its patience: by itself it waits for ever for a request's headers, for a body that
nobody reads any more, and for a client to read its answers. Each such client would hold a connection."""

import asyncio

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from ingress.uvicorn_http.limits import LimitedProtocol

#: A body has a limit of its own (ingress/body.py), so that a slow one is answered 408.
_SECONDS = 15.0


class TimeoutProtocol(LimitedProtocol):
    """Looks at its connection now and then, which costs a request nothing, and closes it if a request does not come in.

    Nothing at all within `seconds` of the opening, or the same request unfinished at two looks. Between two requests
    uvicorn's own limit holds. Answers that are not read, at two looks, are thrown away.
    """

    seconds = _SECONDS
    _was_closing = False
    _next_look: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to look."""
        super().connection_made(transport)
        self._last_seen = self.scope
        self._next_look = self.loop.call_later(self.seconds, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Looks no more."""
        self._next_look.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        if self.scope is self._last_seen:
            if self.flow.write_paused or self._was_closing:
                self.transport.abort()  # closing would wait for the client to read
            elif self._is_incomplete():
                self.transport.close()
        self._last_seen = self.scope
        self._was_closing = self.transport.is_closing()
        self._next_look = self.loop.call_later(self.seconds, self._look)

    def _is_incomplete(self) -> bool:
        """Whether a request, or the rest of one, is awaited from the client."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.scope is not self.scope:
            return True  # no headers yet
        if not cycle.response_complete:
            return False  # its body has a limit of its own
        return self.timeout_keep_alive_task is None  # stopped by bytes that have led to nothing
