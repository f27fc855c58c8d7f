"""Reading a request's body under a size and a time limit."""

import asyncio

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope

from ingress.auth import header
from shared.errors import RequestRejected, ServiceOverloaded

#: Bytes of all the bodies that have come in part: however many senders stop half-way, a process holds no more. In one
#: piece, as nearly all come, they are not counted: they are dealt with at once.
_MAX_BUFFERED_BYTES = 128 * 1024 * 1024


class BodyReader:
    """Reads bodies of up to `limit` bytes, each within so many seconds."""

    def __init__(self, limit: int, seconds: float, most_held: int = _MAX_BUFFERED_BYTES) -> None:
        self._limit = limit
        self._seconds = seconds
        self._most_held = max(most_held, 2 * limit)
        self._held = 0

    async def read(self, scope: Scope, receive: Receive) -> bytes:
        """Return the whole body.

        Raises RequestRejected (413 where it is larger, 408), ServiceOverloaded or ClientDisconnect.
        """
        stated = header(scope["headers"], b"content-length")
        if stated.isdigit() and int(stated[:20]) > self._limit:
            raise too_large(self._limit)
        try:
            async with asyncio.timeout(self._seconds):
                message = await receive()
                if message["type"] == "http.request" and not message.get("more_body"):
                    body: bytes = message.get("body", b"")  # the usual case: all in one piece
                    if len(body) > self._limit:
                        raise too_large(self._limit)
                    return body
                return await self._read_pieces(message, receive)
        except TimeoutError:
            raise RequestRejected(408, "too_slow", f"the body did not arrive within {self._seconds:g} s") from None

    async def _read_pieces(self, message: Message, receive: Receive) -> bytes:
        pieces = bytearray()
        try:
            while True:
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                piece = message.get("body", b"")
                pieces += piece
                self._held += len(piece)
                if len(pieces) > self._limit:
                    raise too_large(self._limit)
                if not message.get("more_body"):
                    return bytes(pieces)
                if self._held > self._most_held:
                    raise ServiceOverloaded("too many large webhooks arrive at once", 1)
                message = await receive()
        finally:
            self._held -= len(pieces)


def too_large(limit: int) -> RequestRejected:
    """What a body of over `limit` bytes is answered."""
    return RequestRejected(413, "too_large", f"the body has more than {limit} bytes")
