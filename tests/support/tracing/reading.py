"""What a span says, as plain values."""

from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

#: Contexts as senders name them.
RECORDED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OTHER = "00-11111111111111111111111111111111-2222222222222222-01"
UNRECORDED = "00-33333333333333333333333333333333-4444444444444444-00"


def ids(text: str) -> tuple[str, str]:
    """Trace and span of a context as text."""
    _, trace, span, _ = text.split(" ")[0].split("-")
    return trace, span


def own(span: ReadableSpan) -> tuple[str, str]:
    """Trace and id of a span."""
    assert span.context is not None
    return f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}"


def parent(span: ReadableSpan) -> tuple[str, str] | None:
    """Trace and id of its parent."""
    return (f"{span.parent.trace_id:032x}", f"{span.parent.span_id:016x}") if span.parent else None


def links(span: ReadableSpan) -> list[tuple[str, str]]:
    """Traces and ids of what it is linked to."""
    return [(f"{link.context.trace_id:032x}", f"{link.context.span_id:016x}") for link in span.links]


def says(span: ReadableSpan) -> dict[str, Any]:
    """Its attributes."""
    return dict(span.attributes or {})


def failure(span: ReadableSpan) -> str:
    """The kind of its error; empty where it is none."""
    failed = span.status.status_code is StatusCode.ERROR
    assert failed == ("error.type" in says(span))
    assert span.status.description is None
    return str(says(span).get("error.type", ""))
