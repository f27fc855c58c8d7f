"""Which spans are recorded: as the environment says, and what many messages share if any of them is."""

from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState, get_current_span
from opentelemetry.util.types import Attributes


class LinkedSampler(Sampler):
    """Decides by the spans that a new trace is linked to, and leaves all else to another sampler.

    A batch's span begins a trace of its own. At a rate of 1 % it would be there for 1 % of the events that are.
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
        trace_state: TraceState | None = None,  # noqa: ARG002 - nobody gives it: it is the parent's
    ) -> SamplingResult:
        """See Sampler."""
        decides = self._otherwise
        if links and not get_current_span(parent_context).get_span_context().is_valid:
            decides = ALWAYS_ON if any(link.context.trace_flags.sampled for link in links) else ALWAYS_OFF
        return decides.should_sample(parent_context, trace_id, name, kind, attributes, links)

    def get_description(self) -> str:
        """See Sampler."""
        return f"Linked({self._otherwise.get_description()})"
