"""The hot path of a webhook: authenticate, read, validate, make durable, respond.

It is plain ASGI: Starlette's router and middleware would cost a third of the throughput, so Starlette serves only what
is not a webhook. A complete request is served without a task (see ingress/complete_requests.py). Both ways share
`_admit` and `_accept`; they differ only in how they wait for the body and for the commit.
"""

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from ingress.auth import WebhookAuthenticator
from ingress.body import BodyReader, check_size
from ingress.complete_requests import CompleteRequestApp, Respond
from ingress.delivery.group_commit import OnCommitted
from ingress.observer import NO_OBSERVER, WebhookObservation, WebhookObserver
from ingress.process_stats import ProcessCounters
from ingress.request import WebhookPath, parse_webhook_path
from ingress.responses import accepted_response, error_response, send_response
from shared.errors import InvalidJSON, RequestRejected
from shared.lanes.intake import lane_of
from shared.observability.logging import get_logger
from shared.wire import lenient_json
from shared.wire.receipt import ReceiptWriter

_log = get_logger(__name__)
#: Raises RequestRejected for a request that is rejected unread.
RequestCheck = Callable[[Scope], None]


class ReceiptDelivery(Protocol):
    """Makes receipts durable (see ingress/delivery/delivery.py)."""

    def submit(self, lane: str, receipt: bytes, on_committed: OnCommitted) -> None:
        """Call `on_committed` once, later, with the result. Raises ServiceOverloaded."""

    async def commit(self, lane: str, receipt: bytes) -> None:
        """Return once the receipt is durable. Raises ServiceOverloaded."""


class WebhookEndpoint(CompleteRequestApp):
    """Serves `POST /webhooks…`. Every other request goes to `fallback_app`, after the `checks`."""

    def __init__(
        self,
        fallback_app: ASGIApp,
        delivery: ReceiptDelivery,
        authenticator: WebhookAuthenticator,
        *,
        max_body_bytes: int,
        body_timeout: float = 10.0,
        checks: Sequence[RequestCheck] = (),
        counters: ProcessCounters | None = None,
        observer: WebhookObserver = NO_OBSERVER,
    ) -> None:
        self._fallback_app = fallback_app
        self._delivery = delivery
        self._authenticator = authenticator
        self._max_body_bytes = max_body_bytes
        self._bodies = BodyReader(max_body_bytes, body_timeout)
        self.checks = checks
        self._responses = (counters or ProcessCounters()).responses
        self._observer = observer
        self._receipts = ReceiptWriter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request through ASGI."""
        path = _webhook_path(scope)
        if path is None:
            await self._call_fallback(scope, receive, send)
            return
        route, token = path
        observation = self._observer.begin(route, bool(token), scope["headers"])
        try:
            self._admit(scope, token)
            # The body is not bound to a name: it must not be kept while Redis is waited for.
            receipt, lane, packed = self._accept(scope, route, await self._bodies.read(scope, receive), observation)
            await self._delivery.commit(lane, packed)
        except ClientDisconnect:
            return  # there is no client to respond to, and nothing was promised
        except Exception as error:  # noqa: BLE001 - the last resort: respond and log, never drop the connection
            response = error_response(_rejection(error))
        else:
            response = accepted_response(receipt)
        self._responses[response[0]] += 1
        observation.record_response(response[0])
        await send_response(send, response)

    def handle_complete(self, scope: Scope, body: bytes, respond: Respond, /) -> bool:
        """Serve a complete request without a task. Return False if it is not a webhook."""
        path = _webhook_path(scope)
        if path is None:
            return False
        route, token = path
        observation = self._observer.begin(route, bool(token), scope["headers"])

        def finish(rejection: RequestRejected | None) -> None:
            response = error_response(rejection) if rejection else accepted_response(receipt)
            self._responses[response[0]] += 1
            observation.record_response(response[0])
            respond(*response)

        try:
            self._admit(scope, token)
            check_size(len(body), self._max_body_bytes)
            receipt, lane, packed = self._accept(scope, route, body, observation)
            self._delivery.submit(lane, packed, finish)
        except Exception as error:  # noqa: BLE001 - as above
            finish(_rejection(error))
        return True

    async def _call_fallback(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                for check in self.checks:
                    check(scope)
            except Exception as error:  # noqa: BLE001 - as above
                response = error_response(_rejection(error))
                self._responses[response[0]] += 1
                await send_response(send, response)
                return
        await self._fallback_app(scope, receive, send)

    def _admit(self, scope: Scope, token: str) -> None:
        """Raise RequestRejected if the webhook is rejected unread."""
        for check in self.checks:
            check(scope)
        self._authenticator.check_token(token, scope["headers"])

    def _accept(self, scope: Scope, route: str, body: bytes, observation: WebhookObservation) -> tuple[str, str, bytes]:
        """Return the receipt's id, its lane and its bytes. Raise RequestRejected.

        The parsed body, which may be many times larger than its text, is freed before the wait for Redis begins.
        """
        self._authenticator.check_signature(scope["headers"], body)
        try:
            lane = lane_of(lenient_json.validate(body), len(body))
        except InvalidJSON as error:
            raise RequestRejected(400, "not_json", f"the body is not valid JSON: {error}") from None
        receipt, packed = self._receipts.pack(body, time.time_ns() // 1_000_000, route, observation.trace)
        observation.record_receipt(receipt, lane, len(body))
        return receipt, lane, packed


def _webhook_path(scope: Scope) -> WebhookPath | None:
    """Return the path of a `POST /webhooks…`, or None for any other request."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    return parse_webhook_path(scope["path"])


def _rejection(error: Exception) -> RequestRejected:
    """Return the error for the sender. An unexpected one is logged and becomes a 500; call this while handling it."""
    if isinstance(error, RequestRejected):
        return error
    _log.exception("unexpected error while accepting a webhook")
    return RequestRejected(500, "internal", "internal server error; it was logged")
