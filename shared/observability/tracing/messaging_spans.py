"""The spans of messages, that is of receipts and events: sent, processed, settled.

Names, kinds and attributes: OpenTelemetry Semantic Conventions, "Messaging Spans". Each message's span belongs to the
message's own trace. An operation on several messages (a push, a batch, its settling) is a span in a trace of its own
with links to them; on a single message it belongs to that message's trace.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.trace import INVALID_SPAN, Link, Span, SpanKind, StatusCode, Tracer

from shared.observability.tracing import ProcessedMessage
from shared.observability.tracing.propagation import (
    ATTEMPT,
    COUNT,
    LANE,
    OPERATION_NAME,
    OPERATION_TYPE,
    RECEIPT,
    SYSTEM,
    context_of,
    span_context,
    text_of,
)

_PROCESS = "process"
_NEW_TRACE = Context()


class Processing:
    """A message that is being processed."""

    def __init__(self, span: Span) -> None:
        self.failure = ""
        self._span = span

    @property
    def trace(self) -> str:
        """The context for messages that follow from this one; "" if it does not belong to a trace."""
        return text_of(self._span)

    def failed(self, kind: str) -> None:
        """Record that this run failed. `kind` groups failures, for example the exception's class."""
        self.failure = kind
        _fail(self._span, kind)


@contextmanager
def operation(tracer: Tracer, name: str, lane: str, traces: Iterable[str]) -> Iterator[None]:
    """Make the span of an operation on messages at once, for as long as the block runs. See Tracing."""
    span = _shared_span(tracer, name, SpanKind.CLIENT, lane, [context_of(text) for text in traces])
    try:
        yield
    except BaseException as error:
        _fail(span, type(error).__qualname__)
        raise
    finally:
        span.end()


@contextmanager
def process(tracer: Tracer, lane: str, messages: Sequence[ProcessedMessage]) -> Iterator[list[Processing]]:
    """Make the spans of messages that are processed together. See Tracing.

    While the block runs, their common span is the current one, or the only message's own.
    """
    contexts = [context_of(message.trace) for message in messages]
    is_batch = len(contexts) - contexts.count(None) > 1
    common = _shared_span(tracer, _PROCESS, SpanKind.CONSUMER, lane, contexts) if is_batch else INVALID_SPAN
    spans = [_own_span(tracer, lane, *each, common) for each in zip(messages, contexts, strict=True)]
    processings = [Processing(span) for span in spans]
    current = next((span for span in (common, *spans) if span.get_span_context().is_valid), INVALID_SPAN)
    try:
        with trace.use_span(current, record_exception=False, set_status_on_exception=False):
            yield processings
    except BaseException as error:
        for each in processings:
            each.failed(type(error).__qualname__)
        raise
    finally:
        if processings and all(each.failure for each in processings):
            _fail(common, processings[0].failure)
        for span in (*spans, common):
            span.end()


def _own_span(tracer: Tracer, lane: str, message: ProcessedMessage, context: Context | None, common: Span) -> Span:
    """Start the span of one message, in its own trace."""
    if context is None:
        return INVALID_SPAN
    links = [Link(common.get_span_context())] if common.get_span_context().is_valid else []
    attributes = {**_attributes(_PROCESS, lane), RECEIPT: message.receipt, ATTEMPT: message.attempt}
    return tracer.start_span(f"{_PROCESS} {lane}", context, SpanKind.CONSUMER, attributes, links)


def _shared_span(tracer: Tracer, name: str, kind: SpanKind, lane: str, contexts: Sequence[Context | None]) -> Span:
    """Start the span of an operation on messages with these contexts."""
    attributes, parents = _attributes(name, lane), [context for context in contexts if context is not None]
    if not parents:
        return INVALID_SPAN
    if len(parents) == 1:
        return tracer.start_span(f"{name} {lane}", parents[0], kind, attributes)
    spans = [span_context(context) for context in parents]
    # The number of links is limited (OTEL_SPAN_LINK_COUNT_LIMIT, 128): use none for spans that are not recorded.
    linked = [each for each in spans if each.trace_flags.sampled] or spans[:1]
    attributes[COUNT] = len(parents)
    return tracer.start_span(f"{name} {lane}", _NEW_TRACE, kind, attributes, [Link(each) for each in linked])


def _attributes(name: str, lane: str) -> dict[str, str | int]:
    return {SYSTEM: "sluice", OPERATION_NAME: name, OPERATION_TYPE: name, LANE: lane}


def _fail(span: Span, kind: str) -> None:
    span.set_attribute(ERROR_TYPE, kind)
    span.set_status(StatusCode.ERROR)
