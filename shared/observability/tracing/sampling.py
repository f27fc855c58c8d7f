"""Which spans are recorded: what the environment selects, and a span that messages share if one of theirs is."""

from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState, get_current_span
from opentelemetry.util.types import Attributes


class LinkedSampler(Sampler):
    """Samples a new trace with links if a linked span is sampled, and leaves all else to another sampler.

    A batch's span starts a trace of its own. At a rate of 1 % it would otherwise be recorded for only 1 % of the events
    that are.
    """

    def __init__(self, otherwise: Sampler) -> None:
        self._otherwise = otherwise

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,  # noqa: ARG002 - never passed: it is the parent's
    ) -> SamplingResult:
        """Decide whether a span is recorded."""
        sampler = self._otherwise
        if links and not get_current_span(parent_context).get_span_context().is_valid:
            sampler = ALWAYS_ON if any(link.context.trace_flags.sampled for link in links) else ALWAYS_OFF
        return sampler.should_sample(parent_context, trace_id, name, kind, attributes, links)

    def get_description(self) -> str:
        """Describe the sampler for the SDK."""
        return f"Linked({self._otherwise.get_description()})"
