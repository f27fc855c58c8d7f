"""The ingress with spans, where traces are wanted: one a webhook, and one a push to Redis that is linked to them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from starlette.types import Message, Receive, Scope, Send

from ingress.auth import parse_path
from ingress.responses import Headers
from ingress.spool.drainer import Push
from ingress.webhooks import WebhookEndpoint, WebhookPath
from shared.wire import receipt as receipts

if TYPE_CHECKING:
    from shared.observability.tracing.http_span import WebhookSpan
    from shared.observability.tracing.provider import Tracing

SERVICE = "sluice-ingress"
_SPAN = "sluice.span"  # in the request's scope


class TracedWebhooks(WebhookEndpoint):
    """As Webhooks. A webhook's span lasts from its request to its answer; the receipt carries the span's context."""

    def __init__(self, tracing: "Tracing", *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        posted = scope["type"] == "http" and scope["method"] == "POST"
        place = parse_path(scope["path"]) if posted else None
        if place is None:
            await super().__call__(scope, receive, send)
            return
        span = self._begin(scope, place)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                span.record_response(message["status"])
            await send(message)

        await super().__call__(scope, receive, answer)

    def take(
        self, scope: Scope, place: WebhookPath, body: bytes, answer: Callable[[int, Headers, bytes], None]
    ) -> None:
        """See WebhookEndpoint."""
        span = self._begin(scope, place)

        def answered(status: int, headers: Headers, body: bytes) -> None:
            span.record_response(status)
            answer(status, headers, body)

        super().handle_complete(scope, place, body, answered)

    def _begin(self, scope: Scope, place: WebhookPath) -> "WebhookSpan":
        route, token = place
        span = scope[_SPAN] = self._tracing.webhook(route, bool(token), scope["headers"])
        return span

    def _accept(self, scope: Scope, body: bytes, route: str) -> tuple[str, str, bytes]:
        receipt, lane, packed = super()._accept(scope, body, route)
        span: WebhookSpan = scope[_SPAN]
        span.record_receipt(receipt, lane, len(body))
        return receipt, lane, receipts.pack(receipts.unpack(packed)._replace(trace=span.trace))


def traced(tracing: "Tracing", push: Push) -> Push:
    """The push with a span around it: that of webhooks that come in, and that of those from the spool."""

    async def pushed(lane: str, entries: Sequence[bytes]) -> None:
        with tracing.operation("send", lane, map(receipts.trace_of, entries)):
            await push(lane, entries)

    return pushed
