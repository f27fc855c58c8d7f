"""The responses to webhooks. Every error is JSON of the same shape."""

from collections.abc import Sequence

import orjson
from starlette.types import Send

from shared.errors import RequestRejected

Headers = list[tuple[bytes, bytes]]
HttpResponse = tuple[int, Headers, bytes]  # status, headers, body

_JSON = (b"content-type", b"application/json")
_ACCEPTED_LENGTH = (b"content-length", str(len(b'{"receipt":"%s"}' % (b"0" * 24))).encode())
_ACCEPTED = [_JSON, _ACCEPTED_LENGTH]
#: After these the connection is closed, since a part of the body may be left unread.
_CLOSING = {408, 413}


def accepted_response(receipt: str) -> HttpResponse:
    """Return the 200 that acknowledges a durable webhook; its body contains the receipt's id."""
    return 200, _ACCEPTED, b'{"receipt":"%b"}' % receipt.encode()


def error_response(error: RequestRejected) -> HttpResponse:
    """Return the response to a rejected request, with the error's code and message as JSON."""
    body = error_body(error)
    headers = [_JSON, (b"content-length", str(len(body)).encode()), *extra_headers(error)]
    if error.status in _CLOSING:
        headers.append((b"connection", b"close"))
    return error.status, headers, body


async def send_response(send: Send, response: HttpResponse) -> None:
    """Send a response through ASGI."""
    status, headers, body = response
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def error_body(error: RequestRejected) -> bytes:
    """Return `{"error": {"code": …, "message": …}}`."""
    return orjson.dumps({"error": {"code": error.code, "message": error.message}})


def extra_headers(error: RequestRejected) -> Sequence[tuple[bytes, bytes]]:
    """Return `Retry-After` if the error says when to retry, else no header."""
    return () if error.retry_after is None else ((b"retry-after", str(error.retry_after).encode()),)
