"""Traces: one from the POST of a webhook through its lanes to each run of each handler.

Off unless OpenTelemetry's own environment variables ask for it (see switch.py); then nothing of OpenTelemetry is loaded
here, and it need not be installed. On, `Tracing` (see otel.py) makes the spans. A trace's context travels in the data,
in receipts and entries, as text: W3C's `traceparent`, a blank and its `tracestate` where there is one.
"""

import importlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from shared.errors import InvalidSettings
from shared.observability.tracing import environment

if TYPE_CHECKING:
    from shared.observability.tracing.provider import Tracing

_MISSING = "traces are asked for by OTEL_… in the environment, but {} is missing: pip install 'sluice-webhooks[otel]'"


class ProcessedMessage(NamedTuple):
    """One that is processed."""

    trace: str  # the context it came with; empty: it is part of no trace
    receipt: str  # id
    attempt: int  # from 1


def tracer_factory(service: str) -> "Callable[[], Tracing] | None":
    """What makes the process' spans, to be called once a process, after a fork; None where no traces are wanted.

    `service`: the name it goes by where OTEL_SERVICE_NAME is not set. Raises InvalidSettings.
    """
    exporters = environment.exporters(os.environ)
    if not exporters:
        return None
    try:
        maker: Callable[[], Tracing] = importlib.import_module("shared.observability.tracing.provider").tracing_factory(
            exporters, service
        )
    except ModuleNotFoundError as error:
        raise InvalidSettings([_MISSING.format(error.name)]) from None
    except InvalidSettings:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the SDK raises for a variable of its own is told in words
        raise InvalidSettings([f"OTEL_… in the environment: {type(error).__name__}: {error}"]) from None
    return maker
