"""The fixtures for traces, and a registry of handlers."""

from tests.support.runtime.fixtures import handlers
from tests.support.tracing.fixtures import named, sampler, spans, tracing

__all__ = ["handlers", "named", "sampler", "spans", "tracing"]
