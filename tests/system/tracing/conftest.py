"""The fixtures for traces."""

from tests.support.tracing.fixtures import named, plain, sampler, spans, tracing

__all__ = ["named", "plain", "sampler", "spans", "tracing"]
