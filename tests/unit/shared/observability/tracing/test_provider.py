"""The SDK's log is throttled, and a process ends whatever its collector does."""

import logging
import threading
import time
from collections.abc import Iterator

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.trace import NoOpTracerProvider

from shared.observability.tracing import provider, sdk_logging
from shared.observability.tracing.provider import Tracing


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """What the root logger's handlers get."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    kept = Keep()
    logging.getLogger().addHandler(kept)
    try:
        yield lines
    finally:
        logging.getLogger().removeHandler(kept)


def test_each_place_of_the_sdk_is_heard_once_for_a_while(logged: list[str]) -> None:
    now = 0.0
    logger = logging.Logger("opentelemetry.exporter")
    logger.addHandler(sdk_logging.ThrottledHandler(lambda: now))

    def outage(attempt: int) -> None:
        logger.warning("attempt %d failed", attempt)
        logger.error("given up")

    for attempt in range(100):
        outage(attempt)
        now += 1.0
    assert logged == ["attempt 0 failed", "given up"]
    now = 1000.0
    outage(100)
    assert logged[2:] == ["attempt 100 failed", "given up"]


def test_what_it_cannot_read_is_not_quoted(logged: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization geheim")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "soon")
    sdk_logging.throttle_sdk_logging()
    OTLPSpanExporter()
    logger = logging.getLogger("opentelemetry")
    logger.handlers.clear()
    logger.propagate = True
    assert [line[:21] for line in logged] == ["Invalid timeout value", "Header format invalid"]
    assert "'soon'" in logged[0]
    assert "geheim" not in logged[1]


def test_the_end_waits_for_the_last_spans_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    Tracing(NoOpTracerProvider(), lambda: sent.append("the last ones")).close()
    assert sent == ["the last ones"]

    monkeypatch.setattr(provider, "SHUTDOWN_TIMEOUT", 0.05)
    never = threading.Event()
    began = time.monotonic()
    Tracing(NoOpTracerProvider(), never.wait).close()
    assert time.monotonic() - began < 5
    never.set()
