"""Spans that are kept in memory."""

from collections.abc import Callable, Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import DEFAULT_ON, Sampler

from shared.observability.tracing.provider import Tracing
from shared.observability.tracing.sampling import LinkedSampler

Named = Callable[..., list[ReadableSpan]]


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """The spans that were exported so far."""
    return InMemorySpanExporter()


@pytest.fixture
def sampler() -> Sampler:
    """As the environment would say: by default, all but what the sender says not to."""
    return DEFAULT_ON


@pytest.fixture
def tracing(spans: InMemorySpanExporter, sampler: Sampler) -> Tracing:
    provider = TracerProvider(LinkedSampler(sampler), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    return Tracing(provider)


@pytest.fixture
def named(spans: InMemorySpanExporter) -> Named:
    """The spans of that name, in the order of their ends; by default all."""

    def found(name: str = "") -> list[ReadableSpan]:
        exported: Sequence[ReadableSpan] = spans.get_finished_spans()
        return [span for span in exported if name in (span.name, "")]

    return found
