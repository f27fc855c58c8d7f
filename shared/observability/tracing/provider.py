"""A process' spans, by the OpenTelemetry SDK.

Loaded only where traces are wanted: see `shared.observability.tracing.chosen`.
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
#: How long a process waits at its end for its last spans to be taken, in seconds.
_SHUTDOWN_TIMEOUT = 5.0


class Tracing:
    """Makes the spans of one process. `close` sends what is left; it is called once, at the end."""

    def __init__(self, provider: trace.TracerProvider, close: Callable[[], object] = lambda: None) -> None:
        self._tracer = provider.get_tracer("sluice", version("sluice-webhooks"))
        self._close = close

    def webhook(self, route: str, token: bool, headers: Headers) -> WebhookSpan:
        """Begins the span of a webhook, as a part of the trace that its sender names, else of a new one."""
        return WebhookSpan(self._tracer, route, token, headers)

    def operation(self, name: str, lane: str, traces: Iterable[str]) -> AbstractContextManager[None]:
        """The span of what is done with messages at once, `send` or `settle`, for as long as the block runs."""
        return messaging_spans.operation(self._tracer, name, lane, traces)

    def process(self, lane: str, messages: Sequence[ProcessedMessage]) -> AbstractContextManager[list[Processing]]:
        """The spans of messages that are processed together, for as long as the block runs: one a message."""
        return messaging_spans.process(self._tracer, lane, messages)

    def close(self) -> None:
        """Sends what is left, for some seconds at most: an end must not wait for a collector that is away."""
        closing = threading.Thread(target=self._close, name="tracing ends", daemon=True)
        closing.start()
        closing.join(_SHUTDOWN_TIMEOUT)


def tracing_factory(exporters: Sequence[str], service: str) -> Callable[[], Tracing]:
    """What begins tracing in a process. Raises InvalidSettings where an exporter is not installed, and whatever
    the SDK raises for its variables: better at the start than in each process of a pool."""
    sdk_logging.throttle_sdk_logging()
    kinds = [_plug_in(name) for name in exporters]
    trace.get_tracer_provider()
    _provider(kinds, service).shutdown()
    return lambda: start_tracing(kinds, service)


def start_tracing(exporters: Sequence[Callable[[], SpanExporter]], service: str) -> Tracing:
    """Tracing with a provider of its own, which becomes the process' one, so that what handlers call can use it too.

    One that is there already (`opentelemetry-instrument` makes one) is used as it is.
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
    """As the environment names it, else by this name."""
    named = Resource.create()
    if str(named.attributes[SERVICE_NAME]).startswith("unknown_service"):
        named = named.merge(Resource({SERVICE_NAME: service}))
    return named


def _plug_in(name: str) -> Callable[[], SpanExporter]:
    for found in entry_points(group=_PLUG_INS, name=name):
        kind: Callable[[], SpanExporter] = found.load()
        return kind
    known = sorted({found.name for found in entry_points(group=_PLUG_INS)})
    raise InvalidSettings([f"there is no exporter {name} for OTEL_TRACES_EXPORTER; installed are {', '.join(known)}"])
