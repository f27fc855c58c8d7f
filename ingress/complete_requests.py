"""The one interface between the HTTP protocol's fast path and the application.

A request that has arrived completely needs neither a task nor ASGI's messages. The protocol
(ingress/uvicorn_http/fast_path.py) hands it to an application that implements `CompleteRequestApp`
(ingress/webhooks.py); all other requests, and all other applications, are served through ASGI.
"""

from typing import Protocol, runtime_checkable

from starlette.types import Receive, Scope, Send

from ingress.responses import Headers


class Respond(Protocol):
    """Sends the response to one request. The application calls it exactly once."""

    def __call__(self, status: int, headers: Headers, body: bytes, /) -> None:
        """Send the response. Does nothing if the client has disconnected."""


@runtime_checkable
class CompleteRequestApp(Protocol):
    """An ASGI application that also takes complete requests, without a task."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request through ASGI."""

    def handle_complete(self, scope: Scope, body: bytes, respond: Respond, /) -> bool:
        """Take a request whose whole body is `body`, without waiting. Return whether the request was taken.

        The protocol calls this at most once per HTTP request, in the event loop, when all earlier requests of the
        connection are answered. If it returns True, the application calls `respond` exactly once: before it returns,
        or later in the event loop. If it returns False, it has done nothing, and the protocol serves the same request
        through `__call__`. It must not raise.
        """
