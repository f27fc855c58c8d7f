"""Traces in the programs as they are started: off, on, without what they need, with a collector that is away."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from shared.wire.receipt import Receipt, pack
from tests.support.programs import ROOT, Program, program, python, run, started
from tests.support.tracing.collector import Collector, collector
from tests.support.tracing.reading import RECORDED, ids
from tests.support.waiting import until
from workers.lanes import Lanes
from workers.lanes.status import lane_statuses

WORKER = (program("celery"), "--quiet", "-A", "workers", "worker", "-c", "1")
CHOSEN = (
    "from shared.observability.tracing.factory import tracer_factory; import sys; "
    "tracing = tracer_factory('sluice-test')"
)
WEBHOOK = '{"messages": {"id": "wamid.%d", "type": "text", "from": "9198", "text": {"body": "hello"}}}'


def test_where_they_are_not_asked_for_nothing_is_loaded(tmp_path: Path) -> None:
    code = (
        "import ingress.app, ingress.__main__, workers.runtime.celery.application, sys\n"
        + CHOSEN
        + "\nprint(tracing, [*sys.modules])"
    )
    said = run(python("-c", code), tmp_path).stdout
    assert said.startswith("None ")
    assert "'workers.runtime.tracing'" in said
    assert "'opentelemetry.sdk.trace'" not in said
    assert "'shared.observability.tracing.provider'" not in said


@pytest.fixture
def without_opentelemetry(tmp_path: Path) -> str:
    """A PYTHONPATH on which it is not installed."""
    (tmp_path / "missing" / "opentelemetry").mkdir(parents=True)
    raises = "raise ModuleNotFoundError(\"No module named 'opentelemetry'\", name='opentelemetry')\n"
    (tmp_path / "missing" / "opentelemetry" / "__init__.py").write_text(raises)
    return f"{tmp_path / 'missing'}:{ROOT}"


@pytest.mark.parametrize("command", [python("-m", "ingress"), WORKER], ids=["ingress", "worker"])
def test_a_program_that_cannot_trace_says_what_is_missing(
    tmp_path: Path, without_opentelemetry: str, command: list[str]
) -> None:
    settings = {"PYTHONPATH": without_opentelemetry, "SLUICE_REDIS_URL": "redis://127.0.0.1:1"}
    ended = run(command, tmp_path, OTEL_TRACES_EXPORTER="otlp", **settings)
    assert ended.returncode == 78
    assert "opentelemetry is missing: pip install 'sluice-webhooks[otel]'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_program_that_does_not_trace_needs_no_opentelemetry(tmp_path: Path, without_opentelemetry: str) -> None:
    code = "import ingress.app, workers.runtime.celery.application, workers.cli\n" + CHOSEN + "\nprint(tracing)"
    assert run(python("-c", code), tmp_path, PYTHONPATH=without_opentelemetry).stdout == "None\n"


def test_an_exporter_that_is_not_installed_is_named(tmp_path: Path) -> None:
    settings = {"SLUICE_REDIS_URL": "redis://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "zipkin"}
    ended = run(python("-m", "ingress"), tmp_path, **settings)
    assert ended.returncode == 78
    assert ended.stderr == (
        "sluice: OTEL_TRACES_EXPORTER: unknown exporter zipkin (installed: console, otlp_proto_http)\n"
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "-1", "ValueError: max_queue_size must be a positive integer."),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", "-5", "ValueError: OTEL_SPAN_LINK_COUNT_LIMIT must be a non-negative integer"),
        ("OTEL_PROPAGATORS", "pigeons", "ValueError: Propagator pigeons not found."),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "OTEL_TRACES_EXPORTER: unknown exporter otlp_proto_grpc"),
    ],
)
@pytest.mark.parametrize(
    "command", [python("-m", "ingress"), pytest.param(WORKER, marks=pytest.mark.long)], ids=["ingress", "worker"]
)
def test_what_the_sdk_cannot_work_with_is_reported_at_the_start(
    tmp_path: Path, command: list[str], name: str, value: str, words: str
) -> None:
    settings = {"SLUICE_REDIS_URL": "redis://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "otlp", name: value}
    ended = run(command, tmp_path, **settings)
    assert ended.returncode == 78
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def _exported(folder: Path, code: str = "", **settings: str) -> dict[str, str]:
    """Resource of the one span that a process tells to its output."""
    code = f"{code}\n{CHOSEN}()\nwith tracing.operation('send', 'intake', ['{RECORDED}']): pass\ntracing.close()"
    ended = run(python("-c", code), folder, OTEL_TRACES_EXPORTER="console", **settings)
    assert ended.stderr == ""
    attributes: dict[str, str] = json.loads(ended.stdout)["resource"]["attributes"]
    return attributes


def test_a_program_goes_by_its_own_name_or_by_the_one_that_it_is_given(tmp_path: Path) -> None:
    assert _exported(tmp_path)["service.name"] == "sluice-test"
    named = _exported(tmp_path, OTEL_SERVICE_NAME="ours", OTEL_RESOURCE_ATTRIBUTES="deployment.environment=test")
    assert (named["service.name"], named["deployment.environment"]) == ("ours", "test")


def test_what_traces_already_is_used(tmp_path: Path) -> None:
    code = """
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
trace.set_tracer_provider(TracerProvider(resource=Resource({"service.name": "theirs"}), shutdown_on_exit=False))
trace.get_tracer_provider().add_span_processor(BatchSpanProcessor(ConsoleSpanExporter()))
"""
    assert _exported(tmp_path, code)["service.name"] == "theirs"


@contextmanager
def _worker(redis_url: str, folder: Path, *options: str, **settings: str) -> Iterator[Program]:
    fixed = {
        "SLUICE_REDIS_URL": redis_url,
        "SLUICE_DATABASE_URL": "none",
        "SLUICE_HANDLERS": "tests.support.tracing.handlers",
    }
    with started((*WORKER, *options), folder, **fixed, **settings) as running:
        yield running


def _push(lanes: Lanes, number: int = 1) -> None:
    lanes.push("intake", [pack(Receipt("ab" * 12, 1, "", (WEBHOOK % number).encode(), RECORDED))])


def _greeted_and_refused(lanes: Lanes, seen: Collector, number: int) -> bool:
    return _greeted(lanes) == number and seen.refused >= number


def _greeted(lanes: Lanes) -> int:
    """How many have been handled so far, for good."""
    return sum(lane.counts.get("done", 0) for lane in lane_statuses(lanes.client) if lane.lane == "text.greet")


@pytest.mark.parametrize("pool", ["threads", pytest.param("solo", marks=pytest.mark.long)])
def test_a_worker_of_any_pool_sends_its_last_spans_when_it_ends(
    redis_url: str, lanes: Lanes, tmp_path: Path, pool: str
) -> None:
    with collector() as seen:
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": seen.url, "OTEL_BSP_SCHEDULE_DELAY": "600000"}
        with _worker(redis_url, tmp_path, "--pool", pool, **settings) as worker:
            _push(lanes)
            until(lambda: _greeted(lanes) == 1, within=30)
            assert seen.spans == []
            assert worker.stop() == 0
        assert {span.trace for span in seen.spans} == {ids(RECORDED)[0]}
        assert len(seen.named("process text.greet")) == 2
        assert {span.service for span in seen.spans} == {"sluice-worker"}


@pytest.mark.long
def test_the_environments_sampler_decides(redis_url: str, lanes: Lanes, tmp_path: Path) -> None:
    with collector() as seen:
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": seen.url, "OTEL_TRACES_SAMPLER": "always_off"}
        with _worker(redis_url, tmp_path, **settings) as worker:
            _push(lanes)
            until(lambda: _greeted(lanes) == 1, within=30)
            worker.stop()
        assert (seen.spans, seen.bodies) == ([], [])


@pytest.mark.long
def test_a_collector_that_is_away_holds_nothing_up_and_is_logged_once(
    redis_url: str, lanes: Lanes, tmp_path: Path
) -> None:
    with collector() as seen:
        seen.status = 503
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": seen.url, "OTEL_BSP_SCHEDULE_DELAY": "50"}
        with _worker(redis_url, tmp_path, **settings, OTEL_EXPORTER_OTLP_TIMEOUT="1") as worker:
            for number in range(1, 5):
                _push(lanes, number)
                until(partial(_greeted_and_refused, lanes, seen, number), within=30)
            assert worker.stop(15) == 0
        lines = [json.loads(line) for line in worker.output.splitlines() if line.startswith("{")]
    levels = [line["level"] for line in lines if line["logger"].startswith("opentelemetry")]
    assert levels
    assert len(levels) <= 3  # that it is tried again, that it is given up, and that it is given up at the end
