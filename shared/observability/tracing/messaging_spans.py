"""The spans of what happens to messages, receipts and events alike: sent, processed, settled.

Names, kinds and attributes: OpenTelemetry Semantic Conventions, "Messaging Spans". Each message's span is a part of the
message's own trace. What several messages share (a push, a batch, its settling) is a span in a trace of its own with
links to them; shared by one, it is a part of that one's trace.
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
_ROOT = Context()


class Processing:
    """A message that is being processed. `trace`: the context for what follows from it, as text."""

    def __init__(self, span: Span) -> None:
        self.failure = ""
        self._span = span

    @property
    def trace(self) -> str:
        """Empty where the message is part of no trace."""
        return text_of(self._span)

    def failed(self, kind: str) -> None:
        """This run did not do; `kind` is a word for grouping."""
        self.failure = kind
        _fail(self._span, kind)


@contextmanager
def operation(tracer: Tracer, name: str, lane: str, traces: Iterable[str]) -> Iterator[None]:
    """See Tracing."""
    span = _shared(tracer, name, SpanKind.CLIENT, lane, [context_of(text) for text in traces])
    try:
        yield
    except BaseException as error:
        _fail(span, type(error).__qualname__)
        raise
    finally:
        span.end()


@contextmanager
def process(tracer: Tracer, lane: str, messages: Sequence[ProcessedMessage]) -> Iterator[list[Processing]]:
    """See Tracing. While the block runs, the span of all of them is the current one."""
    contexts = [context_of(message.trace) for message in messages]
    several = len(contexts) - contexts.count(None) > 1
    common = _shared(tracer, _PROCESS, SpanKind.CONSUMER, lane, contexts) if several else INVALID_SPAN
    spans = [_own(tracer, lane, *each, common) for each in zip(messages, contexts, strict=True)]
    found = [Processing(span) for span in spans]
    current = next((span for span in (common, *spans) if span.get_span_context().is_valid), INVALID_SPAN)
    try:
        with trace.use_span(current, record_exception=False, set_status_on_exception=False):
            yield found
    except BaseException as error:
        for each in found:
            each.failed(type(error).__qualname__)
        raise
    finally:
        if found and all(each.failure for each in found):
            _fail(common, found[0].failure)
        for span in (*spans, common):
            span.end()


def _own(tracer: Tracer, lane: str, message: ProcessedMessage, context: Context | None, common: Span) -> Span:
    """The span of one message, in its own trace."""
    if context is None:
        return INVALID_SPAN
    links = [Link(common.get_span_context())] if common.get_span_context().is_valid else []
    attributes = {**_attributes(_PROCESS, lane), RECEIPT: message.receipt, ATTEMPT: message.attempt}
    return tracer.start_span(f"{_PROCESS} {lane}", context, SpanKind.CONSUMER, attributes, links)


def _shared(tracer: Tracer, name: str, kind: SpanKind, lane: str, contexts: Sequence[Context | None]) -> Span:
    """The span of what is done with messages of these contexts at once."""
    attributes, known = _attributes(name, lane), [context for context in contexts if context is not None]
    if not known:
        return INVALID_SPAN
    if len(known) == 1:
        return tracer.start_span(f"{name} {lane}", known[0], kind, attributes)
    named = [span_context(context) for context in known]
    # A span has room for so many links (OTEL_SPAN_LINK_COUNT_LIMIT, 128): none is for what is not recorded.
    linked = [each for each in named if each.trace_flags.sampled] or named[:1]
    attributes[COUNT] = len(known)
    return tracer.start_span(f"{name} {lane}", _ROOT, kind, attributes, [Link(each) for each in linked])


def _attributes(name: str, lane: str) -> dict[str, str | int]:
    return {SYSTEM: "sluice", OPERATION_NAME: name, OPERATION_TYPE: name, LANE: lane}


def _fail(span: Span, kind: str) -> None:
    span.set_attribute(ERROR_TYPE, kind)
    span.set_status(StatusCode.ERROR)
