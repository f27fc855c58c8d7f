"""`sluice health`: one line and an exit code, for probes."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from tests.support.cli.fixtures import Sluice
from tests.support.programs import free_port, program, python, run
from workers.runtime.liveness import worker_status
from workers.runtime.liveness.worker_status import (
    FULL,
    LISTENING,
    STALLED,
    STARTING,
    STOPPING,
    WORKERS_KEY,
    WorkerReport,
    WorkerStatusPublisher,
)

HERE = socket.gethostname()


def says(client: redis.Redis, node: str, state: str, *, host: str = HERE, silent_for: float = 0.0) -> None:
    """A worker published this `seconds` ago."""
    said = WorkerReport(host, node, 7, "prefork", ("intake",), state, 21.0, 1, 2)
    WorkerStatusPublisher(client, node, f"sluice:queue:pulse.{node}").publish(said)
    client.zincrby(WORKERS_KEY, -silent_for * 1000, node)


@contextmanager
def answering(answer: bytes, wait: threading.Event | None = None) -> Iterator[int]:
    """An ingress that gives every request this answer; with `wait` not before that is set. Yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                connection, _ = listener.accept()
                with connection:
                    if not connection.recv(65536):
                        return
                    if wait:
                        wait.wait(20)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        port: int = listener.getsockname()[1]
        try:
            yield port
        finally:
            socket.create_connection(("127.0.0.1", port)).close()  # says nothing: the end
            thread.join(10)


def http(status: str, body: bytes) -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (status.encode(), len(body), body)


READY = http("200 OK", b'{"status": "ready"}')


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_an_ingress_that_takes_webhooks_is_well(sluice: Sluice, host: str) -> None:
    with answering(READY) as port:
        result = sluice("health", "web", host=host, port=str(port), webhook_token="t" * 20)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "200 ready\n", "")


def test_what_it_says_beside_is_reported(sluice: Sluice) -> None:
    with answering(http("200 OK", b'{"status": "ready", "redis": "away; webhooks go to the spool"}')) as port:
        result = sluice("health", "web", port=str(port))
    assert (result.exit_code, result.stdout) == (0, "200 away; webhooks go to the spool\n")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            http("503 Service Unavailable", b'{"error": {"code": "x", "message": "Redis is\\u001b[31m away"}}'),
            "503 Redis",
        ),
        (http("200 OK", b"hello"), "200 hello"),
        (http("200 OK", b'{"status": "live"}'), "200 live"),
        (http("404 Not Found", b"<h1>somebody else</h1>"), "404 <h1>somebody else</h1>"),
        (http("500 Oh", b'["no object"]'), '500 ["no object"]'),
        (b"", "http://127.0.0.1"),
        (b"220 smtp ready\r\n", "http://127.0.0.1"),
    ],
)
def test_any_other_answer_is_a_line_and_not_well(sluice: Sluice, answer: bytes, said: str) -> None:
    with answering(answer) as port:
        result = sluice("health", "web", port=str(port))
    assert (result.exit_code, result.stdout) == (1, "")
    [line] = result.stderr.splitlines()
    assert line.startswith(f"sluice: {said}")
    assert "\x1b" not in line


@pytest.mark.parametrize(("host", "asked"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]")])
def test_an_ingress_that_is_not_there_is_not_well(sluice: Sluice, host: str, asked: str) -> None:
    port = free_port()
    result = sluice("health", "web", host=host, port=str(port), webhook_token="t" * 20)
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert result.stderr.startswith(f"sluice: http://{asked}:{port}: ")


def test_one_that_does_not_answer_in_time_is_not_well(sluice: Sluice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.cli.health.TIMEOUT", 0.2)
    end = threading.Event()
    with answering(READY, wait=end) as port:
        result = sluice("health", "web", "--json", port=str(port))
        end.set()
    assert result.exit_code == 1
    assert "no answer within 3 s" in json.loads(result.stdout)["reason"]


def test_a_proxy_of_the_environment_is_not_asked(tmp_path: Path) -> None:
    proxy = f"http://127.0.0.1:{free_port()}"
    with answering(READY) as port:
        ended = run([program("sluice"), "health", "web"], tmp_path, SLUICE_PORT=str(port), http_proxy=proxy)
    assert (ended.returncode, ended.stdout) == (0, "200 ready\n")


def test_a_worker_that_takes_messages_is_well(sluice: Sluice, client: redis.Redis, redis_url: str) -> None:
    for node, state in (("one", LISTENING), ("two", FULL), ("three", STALLED)):
        says(client, node, state)
    result = sluice("health", "worker", redis_url=redis_url)
    assert (result.exit_code, result.stdout) == (0, "2 of 3 workers of this host healthy: one, two\n")


@pytest.mark.parametrize(
    ("state", "silent_for", "reason"),
    [
        (STALLED, 0.0, "one: it has received no messages for 21 s although it has free slots"),
        (STARTING, 0.0, "one: it is starting"),
        (LISTENING, 60.0, "one: no report from its main process for 60 s"),
    ],
)
@pytest.mark.parametrize("liveness", [False, True])
def test_why_none_is_well_is_reported_in_one_line(
    sluice: Sluice, client: redis.Redis, redis_url: str, state: str, silent_for: float, reason: str, liveness: bool
) -> None:
    says(client, "one", state, silent_for=silent_for)
    result = sluice("health", "worker", *["--liveness"] * liveness, redis_url=redis_url)
    if liveness and state == STARTING:  # a new start would only delay it
        assert result.exit_code == 0
    else:
        assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"sluice: {reason}\n")


def test_who_is_silent_is_not_alive_whatever_it_was_about_to_do(
    sluice: Sluice, client: redis.Redis, redis_url: str
) -> None:
    says(client, "one", STOPPING, silent_for=worker_status.REPORT_TIMEOUT + 1)
    assert sluice("health", "worker", "--liveness", redis_url=redis_url).exit_code == 1


def test_workers_of_other_hosts_count_if_one_says_so(sluice: Sluice, client: redis.Redis, redis_url: str) -> None:
    says(client, "far", LISTENING, host="elsewhere")
    here = sluice("health", "worker", redis_url=redis_url)
    assert (here.exit_code, here.stderr) == (
        1,
        "sluice: no worker of this host has reported in the last minutes\n",
    )
    assert sluice("health", "worker", "--any", redis_url=redis_url).stdout == "1 of 1 workers healthy: far\n"


def test_as_json_all_is_reported(sluice: Sluice, client: redis.Redis, redis_url: str) -> None:
    says(client, "one", STALLED)
    result = sluice("health", "worker", "--json", redis_url=redis_url)
    reported = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (reported["well"], reported["workers"][0]["trouble"]) == (False, reported["reason"].removeprefix("one: "))
    assert reported["workers"][0]["pid"] == 7


@pytest.mark.parametrize(("arguments", "code"), [([], 1), (["--liveness"], 0)])
def test_without_redis_workers_are_not_ready_but_need_no_new_start(
    sluice: Sluice, arguments: list[str], code: int
) -> None:
    url = f"redis://:tell-nobody@127.0.0.1:{free_port()}/0"
    result = sluice("health", "worker", *arguments, redis_url=url)
    assert (result.exit_code, result.output.removeprefix("sluice: ")) == (code, "Redis is unavailable\n")
    reported = json.loads(sluice("health", "worker", "--json", *arguments, redis_url=url).stdout)
    assert (reported["well"], reported["workers"]) == (code == 0, [])


@pytest.mark.parametrize("what", ["web", "worker"])
def test_wrong_settings_are_named_and_are_another_exit_code(tmp_path: Path, what: str) -> None:
    ended = run([program("sluice"), "health", what], tmp_path, SLUICE_PORT="wrong")
    assert (ended.returncode, ended.stdout) == (78, "")
    assert "SLUICE_PORT" in ended.stderr


def test_a_probe_loads_nothing_of_the_other_commands(tmp_path: Path) -> None:
    code = (
        "import sys, workers.cli; sys.argv = ['sluice', 'health', '--help']\n"
        "try: workers.cli.main()\n"
        "except SystemExit: print(sorted({'celery', 'sqlalchemy', 'httpx', 'workers.cli.app'} & set(sys.modules)))"
    )
    assert run(python("-c", code), tmp_path).stdout.splitlines()[-1] == "[]"


def test_it_is_the_same_command_either_way(sluice: Sluice, tmp_path: Path) -> None:
    within = sluice("health", "worker", "--help").stdout
    alone = run([program("sluice"), "health", "worker", "--help"], tmp_path).stdout
    for words in ("sluice health worker", "--liveness", "--any", "--json"):
        assert words in alone
        assert words.removeprefix("sluice ") in within
