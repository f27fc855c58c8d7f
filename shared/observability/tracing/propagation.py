"""Convert the context of a span to text and back, and the names of the attributes."""

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_W3C = TraceContextTextMapPropagator()
_EMPTY = Context()


def text_of(span: trace.Span) -> str:
    """Return `traceparent`, followed by a space and `tracestate` if there is one; "" for an invalid span."""
    fields: dict[str, str] = {}
    _W3C.inject(fields, trace.set_span_in_context(span, _EMPTY))
    return " ".join(fields.values())


def context_of(text: str) -> Context | None:
    """Return the context that `text_of` converted to text, or None for any other text."""
    parent, _, state = text.partition(" ")
    fields = {"traceparent": parent, "tracestate": state} if state else {"traceparent": parent}
    return _W3C.extract(fields, _EMPTY) or None


def span_context(context: Context) -> trace.SpanContext:
    """Return the context of the span in a context."""
    return trace.get_current_span(context).get_span_context()


SYSTEM = "messaging.system"
OPERATION_NAME = "messaging.operation.name"
OPERATION_TYPE = "messaging.operation.type"
LANE = "messaging.destination.name"
RECEIPT = "messaging.message.id"  # the id of the webhook's receipt: an event's own id may contain a phone number
BODY_SIZE = "messaging.message.body.size"  # bytes
COUNT = "messaging.batch.message_count"

#: The number of runs of this message in this lane, including this one.
ATTEMPT = "sluice.attempt"
