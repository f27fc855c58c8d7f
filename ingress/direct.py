"""Webhooks answered without a task: nearly all come whole in one piece, so there is nothing to wait for but the push.

A task a request, the coroutines in it, the messages of ASGI and a future cost as much as the rest of the ingress. Here
the group commit calls back instead. Whatever is not usual (a body in pieces, `Expect`, any other path) goes the way of
ASGI, where the limits on time and memory are. Both ways call the same code (ingress/webhooks.py).
"""

from functools import partial
from typing import Any, ClassVar, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from ingress.answers import Headers
from ingress.protocol import TimelyProtocol
from ingress.webhooks import Webhooks

_CLOSE = (b"connection", b"close")


class DirectProtocol(TimelyProtocol):
    """uvicorn's HTTP for an application that is a Webhooks; with any other it is a TimelyProtocol."""

    _undecided: tuple[RequestResponseCycle, Any] | None = None  # begun in the piece that is being read
    _reading = False
    _default_headers: ClassVar[Headers | None] = None
    _default_lines: ClassVar[bytes] = b""

    def data_received(self, data: bytes) -> None:
        """As in uvicorn; a request that is not whole when all of it is read goes the usual way."""
        self._reading = True
        super().data_received(data)
        self._reading = False
        if self._undecided is not None:
            (cycle, app), self._undecided = self._undecided, None
            super()._start_asgi_task(cycle, app)

    def on_message_complete(self) -> None:
        """The request is whole."""
        super().on_message_complete()
        if self._undecided is not None:
            (cycle, app), self._undecided = self._undecided, None
            self._start_asgi_task(cycle, app)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if self._may_be_direct(cycle, app):
            if not cycle.more_body:
                body = bytes(cycle.body)
                cycle.body.clear()
                app.take(cycle.scope, body, partial(self._answer, cycle))
                return
            if self._reading:
                self._undecided = cycle, app
                return
        super()._start_asgi_task(cycle, app)

    def _may_be_direct(self, cycle: RequestResponseCycle, app: Any) -> bool:
        # A client that does not read its answers is waited for by ASGI's send.
        return (
            isinstance(app, Webhooks)
            and app.takes_directly(cast("dict[str, Any]", cycle.scope))
            and not cycle.waiting_for_100_continue
            and not self.flow.write_paused
        )

    def _answer(self, cycle: RequestResponseCycle, status: int, headers: Headers, body: bytes) -> None:
        cycle.response_started = cycle.response_complete = True
        if cycle.disconnected:
            return
        if _CLOSE in headers:
            cycle.keep_alive = False
        elif not cycle.keep_alive:
            headers = [*headers, _CLOSE]
        self.transport.write(b"".join((STATUS_LINE[status], self._own_lines(), _lines(headers), b"\r\n", body)))
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _own_lines(self) -> bytes:
        """uvicorn's own headers. It makes a new list of them, with the date, each second."""
        headers = self.server_state.default_headers
        if self._default_headers is not headers:
            DirectProtocol._default_headers, DirectProtocol._default_lines = headers, _lines(headers)
        return self._default_lines


def _lines(headers: Headers) -> bytes:
    return b"".join([b"%b: %b\r\n" % line for line in headers])
