"""Traces: each follows a webhook from its POST through its lanes to each run of each handler.

Tracing is off unless OpenTelemetry's own environment variables enable it (see environment.py). While it is off, nothing
of OpenTelemetry is loaded, and it need not be installed. While it is on, `Tracing` (see provider.py) makes the spans. A
trace's context travels in receipts and entries, as text: W3C's `traceparent`, then a space and `tracestate` if there is
one.
"""

import importlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from shared.errors import InvalidSettings
from shared.observability.tracing import environment

if TYPE_CHECKING:
    from shared.observability.tracing.provider import Tracing

_MISSING = "OTEL_… in the environment enables traces, but {} is missing: pip install 'sluice-webhooks[otel]'"


class ProcessedMessage(NamedTuple):
    """A receipt or an event that is being processed."""

    trace: str  # the context that it carries; "" if it does not belong to a trace
    receipt: str  # the receipt's id
    attempt: int  # from 1


def tracer_factory(service: str) -> "Callable[[], Tracing] | None":
    """Return a function that starts tracing, or None if it is off. Call the function once per process, after a fork.

    Args:
        service: the service's name, unless OTEL_SERVICE_NAME is set.

    Raises:
        InvalidSettings: an environment variable is invalid, or a package is missing.
    """
    exporters = environment.exporters(os.environ)
    if not exporters:
        return None
    try:
        factory: Callable[[], Tracing] = importlib.import_module(
            "shared.observability.tracing.provider"
        ).tracing_factory(exporters, service)
    except ModuleNotFoundError as error:
        raise InvalidSettings([_MISSING.format(error.name)]) from None
    except InvalidSettings:
        raise
    except Exception as error:  # noqa: BLE001 - the SDK raises anything for an invalid variable
        raise InvalidSettings([f"OTEL_… in the environment: {type(error).__name__}: {error}"]) from None
    return factory
