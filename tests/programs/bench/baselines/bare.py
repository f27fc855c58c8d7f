"""Baseline: the server's limit. Reads the body and answers."""

from starlette.types import Receive, Scope, Send

_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"2")],
}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI application without anything."""
    if scope["type"] != "http":
        return
    await receive()
    await send(_START)
    await send({"type": "http.response.body", "body": b"{}"})
