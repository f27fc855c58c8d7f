"""Reading a request's body under a size and a time limit."""

import asyncio

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope

from ingress.guard import header
from shared.errors import Refused


async def read_body(scope: Scope, receive: Receive, limit: int, seconds: float) -> bytes:
    """The whole body. Raises Refused(413) over `limit` bytes, Refused(408) after `seconds`, or ClientDisconnect."""
    stated = header(scope["headers"], b"content-length")
    if stated.isdigit() and int(stated) > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(seconds):
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body"):
                body: bytes = message.get("body", b"")  # the usual case: all in one piece
                if len(body) > limit:
                    raise _too_large(limit)
                return body
            return await _read_pieces(message, receive, limit)
    except TimeoutError:
        raise Refused(408, "too_slow", f"the body did not arrive within {seconds:g} s") from None


async def _read_pieces(message: Message, receive: Receive, limit: int) -> bytes:
    pieces = bytearray()
    while True:
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        pieces += message.get("body", b"")
        if len(pieces) > limit:
            raise _too_large(limit)
        if not message.get("more_body"):
            return bytes(pieces)
        message = await receive()


def _too_large(limit: int) -> Refused:
    return Refused(413, "too_large", f"the body has more than {limit} bytes")
