"""The ingress's fixtures, and those for traces."""

from tests.support.ingress.fixtures import _no_other_line
from tests.support.tracing.fixtures import named, sampler, spans, tracing

__all__ = ["_no_other_line", "named", "sampler", "spans", "tracing"]
