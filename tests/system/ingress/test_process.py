"""`python -m ingress` on a real Redis: a 200 is kept, an outage is survived, a stop loses nothing."""

import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.support.ingress.processes import Ingress, Server, events, get, ingress, is_live, killable, status
from tests.support.programs import program
from tests.support.waiting import until

_LOST = "Redis does not accept webhooks"


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Server]:
    """A server for this test alone, to be killed."""
    with killable(tmp_path / "valkey") as running:
        yield running


def _ready(running: Ingress) -> int:
    return get(running, "/health/ready").status_code


def _ends(running: Ingress) -> bool:
    # uvicorn ends itself by the signal it was sent, once all is done.
    return running.program.process.wait(20) in {0, -signal.SIGTERM}


def test_what_was_answered_200_survives_the_death_of_ingress_and_redis(tmp_path: Path, mortal: Server) -> None:
    bodies = [b'{"n": %d,  "raw": "\\u00e9"}' % number for number in range(200)]
    with ingress(tmp_path, redis_url=mortal.url) as running:
        with ThreadPoolExecutor(16) as threads:
            answers = list(threads.map(running.post, bodies))
        running.program.process.kill()
    mortal.kill()
    mortal.start()

    assert {answer.status_code for answer in answers} == {200}
    kept = {receipt.id: receipt.body for receipt in mortal.receipts()}
    assert kept == {answer.json()["receipt"]: body for answer, body in zip(answers, bodies, strict=True)}


def _has(mortal: Server, answers: list[httpx.Response]) -> bool:
    return {answer.json()["receipt"] for answer in answers} <= {receipt.id for receipt in mortal.receipts()}


def test_an_outage_of_redis_is_bridged_by_the_spool_at_the_usual_speed(tmp_path: Path, mortal: Server) -> None:
    with ingress(tmp_path, redis_url=mortal.url) as running:
        assert status(running) == 200
        mortal.kill()
        began = time.monotonic()
        answers = [running.post() for _ in range(20)]
        assert time.monotonic() - began < 5

        assert {answer.status_code for answer in answers} == {200}
        assert _ready(running) == 200
        assert is_live(running)

        mortal.start()
        until(lambda: _has(mortal, answers), within=20)
        assert [receipt.id for receipt in mortal.receipts()][1:] == [answer.json()["receipt"] for answer in answers]
        until(lambda: not list((tmp_path / "var" / "spool").iterdir()))
        assert events(running, "error") == [_LOST]


def test_what_a_killed_ingress_left_in_the_spool_goes_to_redis_by_the_next_one(tmp_path: Path, mortal: Server) -> None:
    mortal.kill()
    with ingress(tmp_path, redis_url=mortal.url) as running:
        answers = [running.post() for _ in range(20)]
        running.program.process.kill()
    assert {answer.status_code for answer in answers} == {200}
    mortal.start()
    with ingress(tmp_path, redis_url=mortal.url):
        until(lambda: _has(mortal, answers), within=20)
    assert len(mortal.receipts()) == 20


def test_it_starts_without_redis_and_takes_webhooks_all_the_same(tmp_path: Path) -> None:
    mortal = Server(tmp_path / "valkey")
    with ingress(tmp_path, redis_url=mortal.url) as running:
        assert events(running, "error") == [_LOST]
        answers = [running.post()]
        assert answers[0].status_code == 200
        assert len(running.program.output.splitlines()) == 2  # that Redis is away; that webhooks go to the spool
        try:
            mortal.start()
            until(lambda: _has(mortal, answers), within=20)
        finally:
            mortal.kill()


def test_sigterm_lets_a_request_under_way_end_and_takes_no_new_one(tmp_path: Path, redis_url: str) -> None:
    with ingress(tmp_path, redis_url=redis_url) as running:
        with socket.create_connection(("127.0.0.1", running.port), timeout=10) as client:
            client.sendall(b'POST /webhooks HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{"late')
            assert is_live(running)  # by now the bytes before were read too
            running.program.process.terminate()
            until(lambda: not is_live(running))
            client.sendall(b'":1}')
            answer = client.recv(4096)

        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" in answer
        assert _ends(running)


def test_a_request_that_waits_for_redis_when_sigterm_comes_is_still_answered(tmp_path: Path, mortal: Server) -> None:
    with ingress(tmp_path, redis_url=mortal.url) as running, ThreadPoolExecutor(1) as thread, mortal.paused():
        answer = thread.submit(running.post)
        until(mortal.has_waiting)
        running.program.process.terminate()
        until(lambda: not is_live(running))
        mortal.resume()

        assert answer.result().status_code == 200
        assert _ends(running)
    assert len(mortal.receipts()) == 1


def test_it_runs_under_uvicorn_s_own_command_too(tmp_path: Path, redis_url: str) -> None:
    command = [program("uvicorn"), "ingress.app:app"]
    with ingress(tmp_path, command, redis_url=redis_url, webhook_token="tell-nobody") as running:
        assert status(running) == 401
        assert running.post(path="/webhooks/tell-nobody").status_code == 200
        running.program.process.terminate()
        assert _ends(running)
    assert "tell-nobody" not in running.program.output  # uvicorn logs one line per request, with the path


def test_several_processes_share_the_port_and_no_two_receipts_are_the_same(tmp_path: Path, mortal: Server) -> None:
    with ingress(tmp_path, redis_url=mortal.url, WEB_CONCURRENCY="2") as running:

        def _processes() -> int:
            assert status(running) == 200
            return len({receipt.id[:16] for receipt in mortal.receipts()})  # an id begins with its process' part

        until(lambda: _processes() == 2, within=20)
        ids = [receipt.id for receipt in mortal.receipts()]
        assert len(set(ids)) == len(ids)
        assert running.program.stop() == 0
