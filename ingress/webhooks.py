"""The hot path: check the secret, read the body, see that it is JSON, make it durable, answer.

In plain ASGI: Starlette's router and middleware would cost a third of the webhooks a second, so they stand behind this,
not before. A request that came whole need not wait for its body, so it need not be a task: see direct.py.
"""

import time
from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from ingress.auth import WebhookAuthenticator, parse_path
from ingress.body import BodyReader, too_large
from ingress.delivery.group_commit import OnCommitted
from ingress.process_stats import ProcessCounters
from ingress.responses import Headers, accepted_response, error_response, send_accepted, send_error
from shared.errors import InvalidJSON, RequestRejected
from shared.lanes.intake import lane_of
from shared.observability.logging import get_logger
from shared.wire import lenient_json
from shared.wire.receipt import ReceiptWriter

_log = get_logger(__name__)
Commit = Callable[[str, bytes], Awaitable[None]]
Submit = Callable[[str, bytes, OnCommitted], None]
WebhookPath = tuple[str, str]  # route and token, as parse_path has them
#: Raises RequestRejected for a request that is not to be read at all.
RequestCheck = Callable[[Scope], None]


class WebhookEndpoint:
    """Takes `POST /webhooks…`; every other request goes to `rest`.

    `commit` (lane, receipt) returns once it is durable, else raises ServiceOverloaded; `submit` (lane, receipt, told)
    calls back instead. `checks` are made of every request.
    """

    def __init__(
        self,
        rest: ASGIApp,
        commit: Commit,
        guard: WebhookAuthenticator,
        *,
        max_body_bytes: int,
        body_seconds: float = 10.0,
        submit: Submit | None = None,
        checks: Sequence[RequestCheck] = (),
        tally: ProcessCounters | None = None,
    ) -> None:
        self._rest = rest
        self._commit = commit
        self._submit = submit
        self._guard = guard
        self._checks = checks
        self._bodies = BodyReader(max_body_bytes, body_seconds)
        self._max_body_bytes = max_body_bytes
        self._receipts = ReceiptWriter()
        self._answers = (tally or ProcessCounters()).answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] != "http":
            await self._rest(scope, receive, send)
            return
        try:
            for check in self._checks:
                check(scope)
            place = parse_path(scope["path"]) if scope["method"] == "POST" else None
            if place is None:
                await self._rest(scope, receive, send)
                return
            receipt = await self._handle_streaming(scope, receive, *place)
        except RequestRejected as error:
            self._answers[error.status] += 1
            await send_error(send, error)
        except ClientDisconnect:
            return  # nobody is there to be answered, and nothing was promised
        except Exception:  # noqa: BLE001 - the last resort: an answer and a log line, never a dropped connection
            await send_error(send, self._fault())
        else:
            self._answers[200] += 1
            await send_accepted(send, receipt)

    def match(self, scope: Scope) -> WebhookPath | None:
        """What `take` is to be told, where it may be called for that request once its body is whole."""
        may = self._submit is not None and scope["type"] == "http" and scope["method"] == "POST"
        return parse_path(scope["path"]) if may else None

    def handle_complete(
        self, scope: Scope, place: WebhookPath, body: bytes, answer: Callable[[int, Headers, bytes], None]
    ) -> None:
        """The same without waiting, for a request whose body is whole: calls `answer` once, now or later, with status,
        headers and body."""
        assert self._submit is not None

        def told(refusal: RequestRejected | None) -> None:
            self._answers[refusal.status if refusal else 200] += 1
            answer(*(error_response(refusal) if refusal else accepted_response(receipt)))

        try:
            for check in self._checks:
                check(scope)
            route, token = place
            self._guard.check_token(token, scope["headers"])
            if len(body) > self._max_body_bytes:
                raise too_large(self._max_body_bytes)
            receipt, lane, packed = self._accept(scope, body, route)
            self._submit(lane, packed, told)
        except RequestRejected as error:
            told(error)
        except Exception:  # noqa: BLE001 - as above
            answer(*error_response(self._fault()))

    def _fault(self) -> RequestRejected:
        """To be called while the exception is handled."""
        _log.exception("a webhook could not be taken in")
        self._answers[500] += 1
        return RequestRejected(500, "internal", "this is a fault of the server; it was logged")

    async def _handle_streaming(self, scope: Scope, receive: Receive, route: str, token: str) -> str:
        self._guard.check_token(token, scope["headers"])
        receipt, lane, packed = self._accept(scope, await self._bodies.read(scope, receive), route)
        await self._commit(lane, packed)
        return receipt

    def _accept(self, scope: Scope, body: bytes, route: str) -> tuple[str, str, bytes]:
        """Id, lane and bytes of the receipt. Of what is parsed here, which may be many times the body's size, nothing
        is left when the wait for Redis begins."""
        self._guard.check_signature(scope["headers"], body)
        try:
            lane = lane_of(lenient_json.validate(body), len(body))
        except InvalidJSON as error:
            raise RequestRejected(400, "not_json", f"the body is no JSON: {error}") from None
        receipt, packed = self._receipts.pack(body, time.time_ns() // 1_000_000, route)
        return receipt, lane, packed
