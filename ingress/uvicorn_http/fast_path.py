"""Webhooks answered without a task: nearly all come whole in one piece, so there is nothing to wait for but the push.

A task a request, the coroutines in it, the messages of ASGI and a future cost as much as the rest of the ingress. Here
the group commit calls back instead. Whatever is not usual (a body in pieces, `Expect`, any other path) goes the way of
ASGI, where the limits on time and memory are. Both ways call the same code (ingress/webhooks.py).
"""

from functools import partial
from typing import Any, ClassVar, NamedTuple, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from ingress.responses import Headers
from ingress.uvicorn_http.timeouts import TimeoutProtocol
from ingress.webhooks import WebhookEndpoint, WebhookPath

_CLOSE = (b"connection", b"close")


class _Begun(NamedTuple):
    """A webhook whose body is not whole yet."""

    cycle: RequestResponseCycle
    app: WebhookEndpoint
    place: WebhookPath


class FastPathProtocol(TimeoutProtocol):
    """uvicorn's HTTP for an application that is a Webhooks; with any other it is a TimeoutProtocol."""

    _begun: _Begun | None = None  # in the piece that is being read, which may hold all of it
    _reading = False
    _default_headers: ClassVar[Headers | None] = None
    _default_lines: ClassVar[bytes] = b""

    def data_received(self, data: bytes) -> None:
        """As in uvicorn; a request that is not whole when all of it is read goes the usual way."""
        self._reading = True
        super().data_received(data)
        self._reading = False
        if self._begun is not None:
            begun, self._begun = self._begun, None
            super()._start_asgi_task(begun.cycle, begun.app)  # type: ignore[arg-type]  # uvicorn's own types

    def on_message_complete(self) -> None:
        """The request is whole."""
        super().on_message_complete()
        if self._begun is not None:
            begun, self._begun = self._begun, None
            self._take(*begun)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        place = self._place(cycle, app)
        if place is not None and not cycle.more_body:
            self._take(cycle, app, place)
        elif place is not None and self._reading:
            self._begun = _Begun(cycle, app, place)
        else:
            super()._start_asgi_task(cycle, app)

    def _place(self, cycle: RequestResponseCycle, app: Any) -> WebhookPath | None:
        # A client that does not read its answers is waited for by ASGI's send.
        if not isinstance(app, WebhookEndpoint) or cycle.waiting_for_100_continue or self.flow.write_paused:
            return None
        return app.match(cast("dict[str, Any]", cycle.scope))

    def _take(self, cycle: RequestResponseCycle, app: WebhookEndpoint, place: WebhookPath) -> None:
        body = bytes(cycle.body)
        cycle.body.clear()
        app.handle_complete(cast("dict[str, Any]", cycle.scope), place, body, partial(self._answer, cycle))

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
            FastPathProtocol._default_headers, FastPathProtocol._default_lines = headers, _lines(headers)
        return self._default_lines


def _lines(headers: Headers) -> bytes:
    return b"".join([b"%b: %b\r\n" % line for line in headers])
