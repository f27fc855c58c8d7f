"""Answers, ready to send: every error is JSON of one shape."""

from collections.abc import Sequence

import orjson
from starlette.types import Send

from shared.errors import RequestRejected

Headers = list[tuple[bytes, bytes]]
HttpResponse = tuple[int, Headers, bytes]  # status, headers, body

_JSON = (b"content-type", b"application/json")
_ACCEPTED_LENGTH = (b"content-length", str(len(b'{"receipt":"%s"}' % (b"0" * 24))).encode())
_ACCEPTED = [_JSON, _ACCEPTED_LENGTH]


def accepted_response(receipt: str) -> HttpResponse:
    """200: the webhook is durable; the body names its receipt."""
    return 200, _ACCEPTED, b'{"receipt":"%b"}' % receipt.encode()


def error_response(error: RequestRejected) -> HttpResponse:
    """The error's status and its code and message as JSON; the connection is closed if a body may be left unread."""
    body = error_body(error)
    headers = [_JSON, (b"content-length", str(len(body)).encode()), *extra_headers(error)]
    if error.status in {408, 413}:
        headers.append((b"connection", b"close"))
    return error.status, headers, body


async def send_accepted(send: Send, receipt: str) -> None:
    """As `accepted`, by ASGI."""
    await _send(send, *accepted_response(receipt))


async def send_error(send: Send, error: RequestRejected) -> None:
    """As `refused`, by ASGI."""
    await _send(send, *error_response(error))


async def _send(send: Send, status: int, headers: Headers, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def error_body(error: RequestRejected) -> bytes:
    """`{"error": {"code": …, "message": …}}`."""
    return orjson.dumps({"error": {"code": error.code, "message": error.message}})


def extra_headers(error: RequestRejected) -> Sequence[tuple[bytes, bytes]]:
    """`Retry-After` where the error says when to come again."""
    return () if error.retry_after is None else ((b"retry-after", str(error.retry_after).encode()),)
