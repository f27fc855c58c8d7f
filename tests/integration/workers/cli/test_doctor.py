"""`sluice doctor`: what each fact means, and seeing them on real servers."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import redis

from shared.settings import Settings
from tests.support.cli.fixtures import Sluice
from tests.support.programs import free_port
from workers.lanes import Lanes, LaneSpec
from workers.operations.doctor.checks import run_checks
from workers.operations.doctor.facts import (
    AuthFacts,
    Check,
    DatabaseFacts,
    DiskFacts,
    Facts,
    HandlerFacts,
    LaneFacts,
    MediaFacts,
    ProbeFailed,
    RedisFacts,
    WorkerFacts,
    WorkersFacts,
)
from workers.operations.doctor.probe import gather_facts
from workers.operations.redis_info import RedisInfo
from workers.runtime.liveness.worker_status import LISTENING, WorkerReport, WorkerStatusPublisher
from workers.store import Store

GIB = 1024**3
INFO = RedisInfo("Valkey", "8.1.3", "master", GIB, 4 * GIB, "noeviction", True, "always", True, 1, 1, 60)
REDIS = RedisFacts(INFO, 0.2, 0.01)
DATABASE = DatabaseFacts("PostgreSQL", 1.0, (), ())
DOOR = AuthFacts("0.0.0.0", False, True)
DISK = DiskFacts("var", True, 10 * GIB, 0, GIB)
WORKER = WorkerFacts("celery@here (pid 7)", ("messages",), "")
CREW = WorkersFacts((WORKER,), 3, (LaneFacts("text.greet", "messages", 5),))
HANDLERS = HandlerFacts(("my_handlers",), ())
WELL = Facts(REDIS, DATABASE, MediaFacts(404), DOOR, DISK, CREW, HANDLERS, min_replicas=1)


def _with_redis(**changes: Any) -> Facts:
    return WELL._replace(redis=REDIS._replace(info=INFO._replace(**changes)))


def test_a_healthy_system_passes_all_checks() -> None:
    found = run_checks(WELL)
    assert [check for check in found if not check.ok or check.advice] == []
    assert {check.name for check in found} >= {"redis", "database", "webhook secret", "disk", "queues", "media api"}


#: A change to the facts, the one check that fails by it, and a word of what it says.
ILL: list[tuple[Facts, str, str]] = [
    (WELL._replace(redis=ProbeFailed("does not answer: refused")), "redis", "refused"),
    (WELL._replace(redis=REDIS._replace(latency_ms=200.0)), "redis", "200.0 ms"),
    (
        _with_redis(version="6.2.14", product="Redis"),
        "redis version",
        "7.0",
    ),
    (_with_redis(role="slave"), "redis role", "primary"),
    (_with_redis(appendonly=False), "redis persistence", "appendonly yes"),
    (_with_redis(appendfsync="no"), "redis persistence", "always"),
    (_with_redis(aof_last_write_ok=False), "redis persistence", "failed"),
    (
        _with_redis(maxmemory_policy="allkeys-lru"),
        "redis eviction",
        "allkeys-lru",
    ),
    (_with_redis(used_memory=int(3.5 * GIB)), "redis memory", "88%"),
    (
        _with_redis(online_replicas=0),
        "redis replicas",
        "SLUICE_MIN_REPLICAS is 1",
    ),
    (WELL._replace(redis=REDIS._replace(skew_seconds=-7.0)), "redis clock", "7.0 s behind"),
    (WELL._replace(redis=REDIS._replace(skew_seconds=7.0)), "redis clock", "7.0 s ahead"),
    (WELL._replace(database=ProbeFailed("no answer within 3 s")), "database", "3 s"),
    (WELL._replace(database=DATABASE._replace(latency_ms=400.0)), "database", "400.0 ms"),
    (WELL._replace(database=DATABASE._replace(missing_tables=("events",))), "database schema", "events"),
    (WELL._replace(auth=AuthFacts("0.0.0.0", False, False)), "webhook secret", "SLUICE_WEBHOOK_TOKEN"),
    (WELL._replace(disk=DISK._replace(free_bytes=GIB // 2)), "disk", "SLUICE_SPOOL_BYTES"),
    (WELL._replace(disk=DISK._replace(writable=False)), "disk", "cannot be written"),
    (WELL._replace(disk=ProbeFailed("no such disk")), "disk", "no such disk"),
    (WELL._replace(workers=ProbeFailed("no answer within 3 s")), "workers", "3 s"),
    (WELL._replace(workers=CREW._replace(workers=(WORKER, WORKER._replace(problem="it is deaf")))), "worker", "deaf"),
    (WELL._replace(workers=CREW._replace(lanes=(*CREW.lanes, LaneFacts("x", "own", 9)))), "queues", "-Q own"),
    (WELL._replace(handlers=HandlerFacts((), (("mine", "ImportError: no"),))), "handlers", "ImportError"),
    (WELL._replace(handlers=ProbeFailed("no answer within 3 s")), "handlers", "3 s"),
    (WELL._replace(media=MediaFacts(401)), "media api", "SLUICE_MEDIA_AUTH"),
    (WELL._replace(media=MediaFacts(503)), "media api", "503"),
    (WELL._replace(media=ProbeFailed("does not answer: ConnectError")), "media api", "ConnectError"),
]


@pytest.mark.parametrize(("facts", "name", "word"), ILL)
def test_each_problem_fails_one_check_with_advice(facts: Facts, name: str, word: str) -> None:
    (found,) = [check for check in run_checks(facts) if not check.ok]
    assert found.name == name
    assert word in f"{found.message} {found.advice}"
    assert found.advice


def test_a_restarted_worker_is_not_missing() -> None:
    here = WORKER._replace(node="celery@here")
    killed = here._replace(
        name="celery@here (pid 5)", problem="no report from its main process for 60 s", is_silent=True
    )
    for others, missed in (
        ((here,), []),
        ((here._replace(node="celery@there"),), ["worker"]),
        ((here._replace(problem="it is deaf"),), ["worker", "worker", "workers", "queues"]),
    ):
        found = run_checks(WELL._replace(workers=CREW._replace(workers=(killed, *others))))
        assert [check.name for check in found if not check.ok] == missed


def test_without_workers_every_queue_is_unconsumed() -> None:
    found = run_checks(WELL._replace(workers=CREW._replace(workers=(), processes=0)))
    assert [check.name for check in found if not check.ok] == ["workers", "queues"]


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        (_with_redis(appendfsync="everysec"), "redis persistence"),
        (_with_redis(appendfsync=""), "redis persistence"),
        (_with_redis(maxmemory=0), "redis memory"),
        (WELL._replace(database=DATABASE._replace(missing_indexes=("events_by_type",))), "database schema"),
        (WELL._replace(disk=DISK._replace(spool_bytes=GIB // 2)), "spool"),
        (WELL._replace(handlers=HANDLERS._replace(hidden_packages=("shared",))), "package names"),
    ],
)
def test_a_check_may_be_ok_with_advice(facts: Facts, name: str) -> None:
    (found,) = [check for check in run_checks(facts) if check.advice]
    assert (found.name, found.ok) == (name, True)


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        (WELL._replace(database=None), "database"),
        (WELL._replace(media=None), "media api"),
        (WELL._replace(auth=AuthFacts("127.0.0.1", True, False)), "webhook secret"),
        (WELL._replace(handlers=HandlerFacts((), ())), "handlers"),
    ],
)
def test_a_piece_that_is_switched_off_is_ok(facts: Facts, name: str) -> None:
    assert [check.ok for check in run_checks(facts) if check.name == name] == [True]


@contextmanager
def media_api(status: int) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A media API that always answers so; its address, and the headers of each request."""
    asked: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append({name.lower(): value for name, value in self.headers.items()} | {"path": self.path})
            self.send_response(status)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/media/{{media_id}}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def examined(sluice: Sluice, **settings: str) -> tuple[int, dict[str, Check]]:
    result = sluice("doctor", "--json", **settings)
    reported: Any = json.loads(result.stdout)
    assert reported["well"] is (result.exit_code == 0)
    return result.exit_code, {
        check["name"]: Check(check["name"], check["well"], check["seen"], check["advice"])
        for check in reported["checks"]
    }


@pytest.fixture
def system(client: redis.Redis, redis_url: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Redis, a database and a worker that consumes what there is."""
    url = f"sqlite:///{tmp_path}/events.db"
    store = Store(url)
    store.create()
    store.close()
    client.config_set("appendfsync", "everysec")
    Lanes(client).register([LaneSpec("text.greet", "messages", 10, 60_000)])
    said = WorkerReport("here", "celery@here", 7, "prefork", ("messages",), LISTENING, 0.0, 0, 4)
    WorkerStatusPublisher(client, "here", "sluice:queue:pulse.here").publish(said)
    yield {"redis_url": redis_url, "database_url": url}
    client.config_set("appendfsync", "no")


def test_doctor_passes_a_healthy_system(sluice: Sluice, system: dict[str, str]) -> None:
    with media_api(404) as (address, asked):
        code, found = examined(sluice, **system, media_url=address, media_auth="X-Key: tell-nobody")
    assert (code, [name for name, check in found.items() if not check.ok]) == (0, [])
    assert found["redis persistence"].message == "appendonly is on, appendfsync is everysec"
    assert [(request["path"], request["x-key"]) for request in asked] == [("/media/0", "tell-nobody")]


def test_each_check_is_printed_as_a_line_with_a_mark(sluice: Sluice, system: dict[str, str]) -> None:
    result = sluice("doctor", **system, handlers="no_such_module")
    lines = result.stdout.splitlines()
    assert result.exit_code == 1
    assert any(line.startswith("✓ redis ") for line in lines)
    at = next(number for number, line in enumerate(lines) if line.startswith("✗ handlers"))
    assert "no_such_module" in lines[at]
    assert lines[at + 1].strip().startswith("→")


def test_a_refused_credential_is_found_and_not_shown(sluice: Sluice, system: dict[str, str]) -> None:
    with media_api(401) as (address, _):
        result = sluice("doctor", **system, media_url=address, media_auth="Authorization: Bearer tell-nobody")
    assert result.exit_code == 1
    assert "SLUICE_MEDIA_AUTH" in result.stdout
    assert "tell-nobody" not in result.output


def test_a_redirect_is_not_followed_with_the_credential(sluice: Sluice, system: dict[str, str]) -> None:
    with media_api(302) as (address, asked):
        examined(sluice, **system, media_url=address, media_auth="X-Key: tell-nobody")
    assert len(asked) == 1


def test_with_everything_down_each_piece_is_named_without_secrets(sluice: Sluice) -> None:
    port = free_port()
    result = sluice(
        "doctor",
        redis_url=f"redis://:tell-nobody@127.0.0.1:{port}/0",
        database_url=f"postgresql+psycopg://somebody:tell-nobody@127.0.0.1:{port}/x",
        media_url=f"http://127.0.0.1:{port}/tell-nobody/{{media_id}}",
    )
    assert result.exit_code == 1
    failed = {line.split("  ")[0] for line in result.stdout.splitlines() if line.startswith("✗")}
    assert failed == {"✗ redis", "✗ database", "✗ workers", "✗ media api"}
    assert "tell-nobody" not in result.output
    assert "somebody" not in result.output


def test_a_hanging_probe_is_limited_by_the_timeout(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        settings = Settings.load(
            redis_url=f"redis://127.0.0.1:{port}/0",
            database_url=f"postgresql+psycopg://somebody@127.0.0.1:{port}/x",
            media_url=f"http://127.0.0.1:{port}/{{media_id}}",
            data_dir=tmp_path,
        )
        begun = time.monotonic()
        found = gather_facts(settings, timeout=0.5)
        assert time.monotonic() - begun < 2
    for seen in (found.redis, found.workers, found.database, found.media):
        assert isinstance(seen, ProbeFailed), seen


def test_an_unconsumed_queue_and_an_incomplete_database_are_found(
    sluice: Sluice, system: dict[str, str], client: redis.Redis, tmp_path: Path
) -> None:
    Lanes(client).register([LaneSpec("text.slow", "own", 10, 60_000)])
    Lanes(client).push("text.slow", [b"1", b"2"])
    code, found = examined(sluice, **{**system, "database_url": f"sqlite:///{tmp_path}/empty.db"})
    assert code == 1
    assert found["queues"].message == "no worker consumes own; 2 entries wait for it"
    assert "events" in found["database schema"].message


def test_doctor_refuses_invalid_settings(sluice: Sluice) -> None:
    assert sluice("doctor", port="wrong").exit_code == 78


def test_doctor_reads_the_servers_own_settings(sluice: Sluice, system: dict[str, str], client: redis.Redis) -> None:
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        _, found = examined(sluice, **system)
    finally:
        client.config_set("maxmemory-policy", "noeviction")
    assert (found["redis eviction"].ok, found["redis eviction"].message) == (False, "allkeys-lru")
