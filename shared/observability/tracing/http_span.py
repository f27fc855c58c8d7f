"""The span of a webhook: from its POST to its answer.

Names and attributes: OpenTelemetry Semantic Conventions, "HTTP Spans", server. The path is its pattern, without the
token. Nothing of the body, and no address: a span tells what happened, not to whom.
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
#: Answers to strangers. They must not fill a collector, least of all with traces that they name and have sampled.
_STRANGERS = {401, 403}
_NOTHING = Context()


class WebhookSpan:
    """Begun when it is made. `trace` is its context, as text."""

    def __init__(self, tracer: Tracer, route: str, token: bool, headers: Headers) -> None:
        path = "/".join(["/webhooks", *([route] if route else []), *(["{token}"] if token else [])])
        self._span = tracer.start_span(
            f"POST {path}",
            _sender(headers),
            SpanKind.SERVER,
            {HTTP_REQUEST_METHOD: "POST", HTTP_ROUTE: path, URL_PATH: path, URL_SCHEME: "http"},
        )
        self.trace = text_of(self._span)

    def record_receipt(self, receipt: str, lane: str, size: int) -> None:
        """Its secret is right and its body of so many bytes is JSON: it has a receipt, and goes to that lane."""
        self._span.set_attributes({RECEIPT: receipt, LANE: lane, BODY_SIZE: size})

    def record_response(self, status: int) -> None:
        """Ends it. One of a stranger is not ended, and so is told to nobody."""
        if status in _STRANGERS:
            return
        self._span.set_attribute(HTTP_RESPONSE_STATUS_CODE, status)
        if status >= 500:
            self._span.set_attribute(ERROR_TYPE, str(status))
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


@cache
def _fields() -> frozenset[bytes]:
    return frozenset(name.encode() for name in propagate.get_global_textmap().fields)


def _sender(headers: Headers) -> Context:
    """What the sender says that this is a part of, in the way that OTEL_PROPAGATORS names."""
    known = _fields()
    named = {name.decode(): value.decode("latin-1") for name, value in headers if name in known}
    return propagate.extract(named, _NOTHING) if named else _NOTHING
