"""The context of a span as text, and the other way round."""

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_W3C = TraceContextTextMapPropagator()
_NOTHING = Context()


def text_of(span: trace.Span) -> str:
    """`traceparent`, with a blank and `tracestate` behind it where there is one; empty for no span."""
    fields: dict[str, str] = {}
    _W3C.inject(fields, trace.set_span_in_context(span, _NOTHING))
    return " ".join(fields.values())


def context_of(text: str) -> Context | None:
    """The context that such a text names; None for any other text."""
    parent, _, state = text.partition(" ")
    fields = {"traceparent": parent, "tracestate": state} if state else {"traceparent": parent}
    return _W3C.extract(fields, _NOTHING) or None


def span_context(context: Context) -> trace.SpanContext:
    """The span that such a context names."""
    return trace.get_current_span(context).get_span_context()


SYSTEM = "messaging.system"
OPERATION_NAME = "messaging.operation.name"
OPERATION_TYPE = "messaging.operation.type"
LANE = "messaging.destination.name"
RECEIPT = "messaging.message.id"  # the id of the webhook's receipt: an event's own one may hold a phone number
BODY_SIZE = "messaging.message.body.size"  # bytes
COUNT = "messaging.batch.message_count"

#: Runs of this message in this lane, with this one.
ATTEMPT = "sluice.attempt"
