"""The fixtures for traces."""

from tests.support.tracing.fixtures import named, sampler, spans, tracing

__all__ = ["named", "sampler", "spans", "tracing"]
