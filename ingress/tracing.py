"""Traces of the ingress: a span per webhook, and a span per push to Redis that is linked to its webhooks."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ingress.observer import NO_OBSERVER, WebhookObservation, WebhookObserver
from ingress.request import RequestHeaders
from ingress.spool.drainer import Push
from shared.observability.tracing.factory import tracer_factory
from shared.wire.receipt import trace_of

if TYPE_CHECKING:
    from shared.observability.tracing.provider import Tracing

_SERVICE = "sluice-ingress"


class TracingObserver:
    """Observes webhooks as spans. A receipt carries the context of its webhook's span to the workers."""

    def __init__(self, tracing: "Tracing") -> None:
        self._tracing = tracing

    def begin(self, route: str, has_token: bool, headers: RequestHeaders, /) -> WebhookObservation:
        """Start the span of a webhook."""
        return self._tracing.webhook(route, has_token, headers)

    def observe_push(self, push: Push, /) -> Push:
        """Return `push` with a span around each call."""

        async def traced_push(lane: str, receipts: Sequence[bytes]) -> None:
            with self._tracing.operation("send", lane, map(trace_of, receipts)):
                await push(lane, receipts)

        return traced_push

    async def close(self) -> None:
        """Export the remaining spans."""
        await asyncio.to_thread(self._tracing.close)


def observer_factory() -> Callable[[], WebhookObserver]:
    """Return a function that makes the process's observer, as OpenTelemetry's environment variables ask for it.

    Raises InvalidSettings.
    """
    start_tracing = tracer_factory(_SERVICE)
    return (lambda: TracingObserver(start_tracing())) if start_tracing else lambda: NO_OBSERVER
