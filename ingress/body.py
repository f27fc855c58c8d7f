"""Read a request's body within limits on size, time and memory."""

import asyncio

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope

from ingress.request import header
from shared.errors import RequestRejected, ServiceOverloaded

#: Maximum bytes of all partly received bodies of a process, regardless of how many senders stop half-way. A body that
#: arrives in one piece, as nearly all do, is not counted: it is processed immediately.
_MAX_BUFFERED_BYTES = 128 * 1024 * 1024


class BodyReader:
    """Reads bodies of up to `limit` bytes, each within `timeout` seconds."""

    def __init__(self, limit: int, timeout: float, max_buffered: int = _MAX_BUFFERED_BYTES) -> None:
        self._limit = limit
        self._timeout = timeout
        self._max_buffered = max(max_buffered, 2 * limit)
        self.buffered_bytes = 0

    async def read(self, scope: Scope, receive: Receive) -> bytes:
        """Return the whole body.

        Raises:
            RequestRejected: the body is too large (413) or too slow (408).
            ServiceOverloaded: too many bodies are being received.
            ClientDisconnect: the client closed the connection.
        """
        stated_size = header(scope["headers"], b"content-length")
        if stated_size.isdigit():
            check_size(int(stated_size[:20]), self._limit)
        try:
            async with asyncio.timeout(self._timeout):
                message = await receive()
                if message["type"] == "http.request" and not message.get("more_body"):
                    body: bytes = message.get("body", b"")  # the usual case: a single piece
                    check_size(len(body), self._limit)
                    return body
                return await self._read_pieces(message, receive)
        except TimeoutError:
            raise RequestRejected(408, "too_slow", f"the body did not arrive within {self._timeout:g} s") from None

    async def _read_pieces(self, message: Message, receive: Receive) -> bytes:
        pieces = bytearray()
        try:
            while True:
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                piece = message.get("body", b"")
                pieces += piece
                self.buffered_bytes += len(piece)
                check_size(len(pieces), self._limit)
                if not message.get("more_body"):
                    return bytes(pieces)
                if self.buffered_bytes > self._max_buffered:
                    raise ServiceOverloaded("too many large webhooks are arriving at the same time", 1)
                message = await receive()
        finally:
            self.buffered_bytes -= len(pieces)


def check_size(size: int, limit: int) -> None:
    """Raise RequestRejected (413) if a body of `size` bytes is larger than `limit` bytes."""
    if size > limit:
        raise RequestRejected(413, "too_large", f"the body is larger than {limit} bytes")
