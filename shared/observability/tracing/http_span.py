"""The span of a webhook, from its POST to its response.

Names and attributes: OpenTelemetry Semantic Conventions, "HTTP Spans", server. The path is its pattern, without the
token. A span contains nothing of the body and no address: it shows what happened, not to whom.
"""

from collections.abc import Iterable
from functools import cache

from opentelemetry import propagate
from opentelemetry.context import Context
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.attributes.http_attributes import (
    HTTP_REQUEST_METHOD,
    HTTP_RESPONSE_STATUS_CODE,
    HTTP_ROUTE,
)
from opentelemetry.semconv.attributes.url_attributes import URL_PATH, URL_SCHEME
from opentelemetry.trace import SpanKind, StatusCode, Tracer

from shared.observability.tracing.propagation import BODY_SIZE, LANE, RECEIPT, text_of

Headers = Iterable[tuple[bytes, bytes]]  # names in lower case
#: Responses to senders that are not authenticated. They must not fill the collector with spans, least of all with ones
#: that they mark as sampled.
_REJECTED_SENDER = {401, 403}
_EMPTY = Context()


class WebhookSpan:
    """A span that starts when it is created. `trace` is its context as text."""

    def __init__(self, tracer: Tracer, route: str, has_token: bool, headers: Headers) -> None:
        path = "/".join(["/webhooks", *([route] if route else []), *(["{token}"] if has_token else [])])
        self._span = tracer.start_span(
            f"POST {path}",
            _sender_context(headers),
            SpanKind.SERVER,
            {HTTP_REQUEST_METHOD: "POST", HTTP_ROUTE: path, URL_PATH: path, URL_SCHEME: "http"},
        )
        self.trace = text_of(self._span)

    def record_receipt(self, receipt: str, lane: str, size: int) -> None:
        """Record that the webhook was accepted: its receipt's id, its lane and its body's size in bytes."""
        self._span.set_attributes({RECEIPT: receipt, LANE: lane, BODY_SIZE: size})

    def record_response(self, status: int) -> None:
        """End the span. Spans of rejected senders (401/403) are dropped."""
        if status in _REJECTED_SENDER:
            return
        self._span.set_attribute(HTTP_RESPONSE_STATUS_CODE, status)
        if status >= 500:
            self._span.set_attribute(ERROR_TYPE, str(status))
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


@cache
def _propagation_headers() -> frozenset[bytes]:
    return frozenset(name.encode() for name in propagate.get_global_textmap().fields)


def _sender_context(headers: Headers) -> Context:
    """Return the trace context in the sender's headers, in the formats that OTEL_PROPAGATORS names."""
    names = _propagation_headers()
    carrier = {name.decode(): value.decode("latin-1") for name, value in headers if name in names}
    return propagate.extract(carrier, _EMPTY) if carrier else _EMPTY
