"""The hot path, in plain ASGI: check the secret, read the body, see that it is JSON, make it durable, answer.

Starlette's router and middleware would cost a third of the webhooks a second, so they stand behind this, not before.
"""

import time
from collections.abc import Awaitable, Callable

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from ingress.answers import send_accepted, send_refused
from ingress.body import read_body
from ingress.guard import Guard, parse_path
from ingress.sorting import lane_of
from shared import jsontext
from shared.errors import NotJSON, Refused
from shared.logs import logger
from shared.receipts import ReceiptWriter

_log = logger(__name__)
Commit = Callable[[str, bytes], Awaitable[None]]


class Webhooks:
    """Takes `POST /webhooks…`; every other request goes to `rest`."""

    def __init__(
        self, rest: ASGIApp, commit: Commit, guard: Guard, *, max_body_bytes: int, body_seconds: float = 10.0
    ) -> None:
        self._rest = rest
        self._commit = commit  # (lane, receipt): returns once it is durable, else raises Overloaded
        self._guard = guard
        self._max_body_bytes = max_body_bytes
        self._body_seconds = body_seconds
        self._receipts = ReceiptWriter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        place = parse_path(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if place is None:
            await self._rest(scope, receive, send)
            return
        try:
            receipt = await self._take(scope, receive, *place)
        except Refused as error:
            await send_refused(send, error)
        except ClientDisconnect:
            return  # nobody is there to be answered, and nothing was promised
        except Exception:  # noqa: BLE001 - the last resort: an answer and a log line, never a dropped connection
            _log.exception("a webhook could not be taken in")
            await send_refused(send, Refused(500, "internal", "this is a fault of the server; it was logged"))
        else:
            await send_accepted(send, receipt)

    async def _take(self, scope: Scope, receive: Receive, route: str, token: str) -> str:
        self._guard.check_token(token, scope["headers"])
        body = await read_body(scope, receive, self._max_body_bytes, self._body_seconds)
        self._guard.check_signature(scope["headers"], body)
        try:
            document = jsontext.check(body)
        except NotJSON as error:
            raise Refused(400, "not_json", f"the body is no JSON: {error}") from None
        receipt, packed = self._receipts.pack(body, time.time_ns() // 1_000_000, route)
        await self._commit(lane_of(document, len(body)), packed)
        return receipt
