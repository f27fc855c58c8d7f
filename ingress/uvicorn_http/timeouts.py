"""uvicorn's HTTP protocol with timeouts.

uvicorn waits without a limit for a request's headers, for a body that the application no longer reads, and for a client
to read its responses. Each such client would hold a connection.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from ingress.uvicorn_http.limits import LimitedProtocol

#: A body has a shorter timeout of its own (ingress/body.py), so that a slow one gets a 408.
_CHECK_INTERVAL = 15.0


class TimeoutProtocol(LimitedProtocol):
    """Checks its connection periodically, which costs a request nothing, and closes it if a request does not arrive.

    It closes a connection on which nothing arrived within `check_interval` seconds of its opening, or whose request was
    incomplete at two consecutive checks. It aborts one whose responses were unread at two consecutive checks. Between
    two requests uvicorn's own keep-alive timeout applies.
    """

    check_interval = _CHECK_INTERVAL
    _was_closing = False
    _next_check: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the periodic check."""
        super().connection_made(transport)
        self._last_scope = self.scope
        self._next_check = self.loop.call_later(self.check_interval, self._check)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the periodic check."""
        self._next_check.cancel()
        super().connection_lost(exc)

    def _check(self) -> None:
        if self.scope is self._last_scope:
            if self.flow.write_paused or self._was_closing:
                self.transport.abort()  # close() would wait for the client to read
            elif self._is_incomplete():
                self.transport.close()
        self._last_scope = self.scope
        self._was_closing = self.transport.is_closing()
        self._next_check = self.loop.call_later(self.check_interval, self._check)

    def _is_incomplete(self) -> bool:
        """Return whether the client still has to send a request, or the rest of one."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.scope is not self.scope:
            return True  # the headers are incomplete
        if not cycle.response_complete:
            return False  # the body has a timeout of its own
        return self.timeout_keep_alive_task is None  # cancelled by bytes that have not completed a request
