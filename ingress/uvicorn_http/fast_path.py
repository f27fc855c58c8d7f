"""The fast path: requests that arrive in one piece are handed to the application without a task.

A task per request, its coroutines, ASGI's messages and a future cost as much as the rest of the ingress. Nearly all
webhooks arrive in one piece, so there is nothing to wait for but the push to Redis, and the group commit calls back.
Everything else (a body in several pieces, `Expect`, a client that does not read its responses) is served through ASGI,
where the limits on time and memory are.
"""

import asyncio
from functools import partial
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from ingress.complete_requests import CompleteRequestApp
from ingress.responses import Headers
from ingress.uvicorn_http.timeouts import TimeoutProtocol

_CLOSE = (b"connection", b"close")


class FastPathProtocol(TimeoutProtocol):
    """Hands complete requests to a CompleteRequestApp. With any other application it is a TimeoutProtocol."""

    _complete_request_app: CompleteRequestApp | None = None
    #: A request whose body is still incomplete, while the piece that may contain the rest of it is being parsed.
    _incomplete: RequestResponseCycle | None = None
    _is_parsing = False
    _default_headers: ClassVar[Headers | None] = None
    _default_header_lines: ClassVar[bytes] = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Find out whether the application takes complete requests."""
        if isinstance(self.app, CompleteRequestApp):
            self._complete_request_app = self.app
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Parse `data`; serve a request that is still incomplete afterwards through ASGI."""
        self._is_parsing = True
        super().data_received(data)
        self._is_parsing = False
        if self._incomplete is not None:
            cycle, self._incomplete = self._incomplete, None
            super()._start_asgi_task(cycle, self.app)

    def on_message_complete(self) -> None:
        """Hand over the request whose body was still incomplete."""
        super().on_message_complete()
        if self._incomplete is not None:
            cycle, self._incomplete = self._incomplete, None
            self._hand_over(cycle, self.app)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        # uvicorn calls this when a request is to be served: its headers are complete, all earlier ones are answered.
        is_eligible = (
            app is self._complete_request_app  # not uvicorn's own, for too many concurrent requests
            and not cycle.waiting_for_100_continue
            and not self.flow.write_paused  # ASGI's send waits for a client that does not read its responses
        )
        if is_eligible and not cycle.more_body:
            self._hand_over(cycle, app)
        elif is_eligible and self._is_parsing:
            self._incomplete = cycle
        else:
            super()._start_asgi_task(cycle, app)

    def _hand_over(self, cycle: RequestResponseCycle, app: Any) -> None:
        complete_request_app: CompleteRequestApp = app
        scope: Any = cycle.scope
        if complete_request_app.handle_complete(scope, bytes(cycle.body), partial(self._respond, cycle)):
            cycle.body.clear()
        else:
            super()._start_asgi_task(cycle, app)

    def _respond(self, cycle: RequestResponseCycle, status: int, headers: Headers, body: bytes) -> None:
        cycle.response_started = cycle.response_complete = True
        if cycle.disconnected:
            return
        if _CLOSE in headers:
            cycle.keep_alive = False
        elif not cycle.keep_alive:
            headers = [*headers, _CLOSE]
        self.transport.write(b"".join((STATUS_LINE[status], self._default_lines(), _lines(headers), b"\r\n", body)))
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _default_lines(self) -> bytes:
        """Return uvicorn's own headers. uvicorn makes a new list of them, with the current date, every second."""
        headers = self.server_state.default_headers
        if self._default_headers is not headers:
            FastPathProtocol._default_headers, FastPathProtocol._default_header_lines = headers, _lines(headers)
        return self._default_header_lines


def _lines(headers: Headers) -> bytes:
    return b"".join([b"%b: %b\r\n" % line for line in headers])
