"""Start tracing, if OpenTelemetry's environment variables enable it."""

import importlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from shared.errors import InvalidSettings
from shared.observability.tracing import environment

if TYPE_CHECKING:
    from shared.observability.tracing.provider import Tracing

_MISSING = "OTEL_… in the environment enables traces, but {} is missing: pip install 'sluice-webhooks[otel]'"


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
