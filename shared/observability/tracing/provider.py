"""The spans of a process, made with the OpenTelemetry SDK.

This module is loaded only if tracing is on (see factory.py).
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import entry_points, version

from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from shared.errors import InvalidSettings
from shared.observability.tracing import ProcessedMessage, messaging_spans, sdk_logging
from shared.observability.tracing.http_span import Headers, WebhookSpan
from shared.observability.tracing.messaging_spans import Processing
from shared.observability.tracing.sampling import LinkedSampler

_PLUG_INS = "opentelemetry_traces_exporter"
#: Seconds for which a process that ends waits for its last spans to be exported.
SHUTDOWN_TIMEOUT = 5.0


class Tracing:
    """Makes the spans of one process. Call `close` once, at the end."""

    def __init__(self, provider: trace.TracerProvider, close: Callable[[], object] = lambda: None) -> None:
        self._tracer = provider.get_tracer("sluice", version("sluice-webhooks"))
        self._close = close

    def webhook(self, route: str, has_token: bool, headers: Headers) -> WebhookSpan:
        """Start the span of a webhook, in the trace that its sender's headers name, else in a new one."""
        return WebhookSpan(self._tracer, route, has_token, headers)

    def operation(self, name: str, lane: str, traces: Iterable[str]) -> AbstractContextManager[None]:
        """Make the span of an operation on messages at once, `send` or `settle`, for as long as the block runs."""
        return messaging_spans.operation(self._tracer, name, lane, traces)

    def process(self, lane: str, messages: Sequence[ProcessedMessage]) -> AbstractContextManager[list[Processing]]:
        """Make the spans of messages that are processed together, for as long as the block runs: one per message."""
        return messaging_spans.process(self._tracer, lane, messages)

    def close(self) -> None:
        """Export the remaining spans, within a timeout: the process must not wait for an unreachable collector."""
        thread = threading.Thread(target=self._close, name="tracing shutdown", daemon=True)
        thread.start()
        thread.join(SHUTDOWN_TIMEOUT)


def tracing_factory(exporters: Sequence[str], service: str) -> Callable[[], Tracing]:
    """Return a function that starts tracing in a process.

    Raises InvalidSettings if an exporter is not installed, and whatever the SDK raises for its variables: better now
    than in each process of a pool.
    """
    sdk_logging.throttle_sdk_logging()
    exporter_types = [_plug_in(name) for name in exporters]
    trace.get_tracer_provider()
    _provider(exporter_types, service).shutdown()
    return lambda: start_tracing(exporter_types, service)


def start_tracing(exporters: Sequence[Callable[[], SpanExporter]], service: str) -> Tracing:
    """Start tracing with a new provider, which becomes the process's, so that libraries used by handlers use it too.

    An existing provider is used instead (`opentelemetry-instrument` makes one).
    """
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        return Tracing(provider, provider.force_flush)
    provider = _provider(exporters, service)
    trace.set_tracer_provider(provider)
    return Tracing(provider, provider.shutdown)


def _provider(exporters: Sequence[Callable[[], SpanExporter]], service: str) -> TracerProvider:
    provider = TracerProvider(resource=_resource(service), shutdown_on_exit=False)
    provider.sampler = LinkedSampler(provider.sampler)
    for exporter in exporters:
        provider.add_span_processor(BatchSpanProcessor(exporter()))
    return provider


def _resource(service: str) -> Resource:
    """Return the resource from the environment, with `service` as its name unless the environment has one."""
    resource = Resource.create()
    if str(resource.attributes[SERVICE_NAME]).startswith("unknown_service"):
        resource = resource.merge(Resource({SERVICE_NAME: service}))
    return resource


def _plug_in(name: str) -> Callable[[], SpanExporter]:
    for entry_point in entry_points(group=_PLUG_INS, name=name):
        exporter_type: Callable[[], SpanExporter] = entry_point.load()
        return exporter_type
    installed = sorted({entry_point.name for entry_point in entry_points(group=_PLUG_INS)})
    raise InvalidSettings([f"OTEL_TRACES_EXPORTER: unknown exporter {name} (installed: {', '.join(installed)})"])
