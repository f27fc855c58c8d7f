"""`sluice simulate`: traffic by a schedule, and what is said of its answers."""

import hashlib
import hmac
import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli.fixtures import Sluice
from tests.support.cli.receiver import Receiver, receiver
from tests.support.cli.terminal import on_a_terminal
from tests.support.programs import clean_environment, free_port, program
from tests.support.waiting import until
from workers.devtools.simulation import DUPLICATES, MIX, SimulatedTraffic
from workers.devtools.simulation.posting import WebhookTarget
from workers.devtools.simulation.schedule import schedule
from workers.devtools.simulation.tally import ResponseTally

FAST = ("--rate", "100", "--duration", "1", "--json")


@pytest.fixture
def ingress() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


def simulated(sluice: Sluice, *options: str, **settings: str) -> tuple[int, dict[str, Any]]:
    result = sluice("simulate", *options, **settings)
    return result.exit_code, json.loads(result.stdout)


def test_each_webhook_is_due_at_its_time() -> None:
    assert list(schedule(4, 1)) == [0.0, 0.25, 0.5, 0.75]
    assert list(schedule(0.5, 3)) == [0.0, 2.0]


def test_a_burst_takes_every_tenth_second() -> None:
    by_second = [0] * 20
    for at in schedule(10, 20, burst=5):
        by_second[int(at)] += 1
    assert by_second[9] == by_second[19] == 50
    assert {*by_second[:9], *by_second[10:19]} == {10}


def test_percentiles_are_right_within_two_per_cent() -> None:
    tally = ResponseTally()
    for milliseconds in range(1, 1001):
        tally.sent += 1
        tally.record(200, 200, milliseconds / 1000)
    tally.record(503, 200, 2.0)
    tally.record(None, 200, 9.0)
    reported = tally.summary(10.0)
    assert reported.p50 == pytest.approx(500, rel=0.025)
    assert reported.p99 == pytest.approx(990, rel=0.025)
    assert (reported.max, reported.answers, reported.unexpected, reported.rate) == (
        2000.0,
        {"200": 1000, "503": 1, "none": 1},
        2,
        100.1,
    )
    assert ResponseTally().summary(0.0).p99 == 0.0


def test_the_same_seed_makes_the_same_traffic_whatever_the_mix_says() -> None:
    plain, stated = (
        SimulatedTraffic(7, 1_790_000_000),
        SimulatedTraffic(7, 1_790_000_000, mix=MIX, duplicates=DUPLICATES),
    )
    assert plain.webhooks(300) == stated.webhooks(300)


def test_the_mix_and_the_repetitions_are_those_asked_for() -> None:
    only = SimulatedTraffic(7, 1_790_000_000, mix={"message": 1, "malformed": 0}, duplicates=0.5).webhooks(200)
    assert {event.kind for webhook in only for event in webhook.events} == {"message"}
    assert len({webhook.body for webhook in only}) == 100


def test_webhooks_are_posted_at_the_rate_and_answers_reported(sluice: Sluice, ingress: Receiver) -> None:
    begun = time.monotonic()
    code, reported = simulated(sluice, *FAST, "--mix", "message=1", "--duplicates", "0", port=str(ingress.port))
    assert time.monotonic() - begun > 0.9
    assert (code, reported["sent"], reported["answers"], reported["unexpected"]) == (0, 100, {"200": 100}, 0)
    assert 0 < reported["p50"] <= reported["p90"] <= reported["p99"] <= reported["max"]
    assert len({sent.body for sent in ingress.sent}) == 100
    assert {sent.path for sent in ingress.sent} == {"/webhooks"}


def test_what_is_sent_is_proved_by_token_and_signature(sluice: Sluice, ingress: Receiver) -> None:
    simulated(sluice, *FAST, "--url", f"{ingress.url}/hooks?x=1", webhook_token="new,old", hmac_secret="the-key")
    assert {sent.path for sent in ingress.sent} == {"/hooks?x=1"}
    for sent in ingress.sent:
        signature = "sha256=" + hmac.new(b"the-key", sent.body, hashlib.sha256).hexdigest()
        assert (sent.headers["x-webhook-token"], sent.headers["x-hub-signature-256"]) == ("new", signature)


def test_a_wrong_answer_is_counted_and_is_exit_code_1(sluice: Sluice, ingress: Receiver) -> None:
    ingress.answer = (503, b"busy")
    code, reported = simulated(sluice, *FAST, port=str(ingress.port))
    assert (code, reported["answers"], reported["unexpected"]) == (1, {"503": 100}, 100)


def test_without_anybody_there_it_is_unavailable(sluice: Sluice) -> None:
    result = sluice("simulate", "--rate", "20", "--duration", "0.5", "--json", port=str(free_port()))
    assert (result.exit_code, list(json.loads(result.stdout)["answers"])) == (69, ["none"])
    assert len(result.stderr.splitlines()) == 1


@contextmanager
def hanging(first: float) -> Iterator[int]:
    """A server that keeps every connection's first request waiting so long, then answers at once."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    begun = time.monotonic()

    def serve(connection: socket.socket) -> None:
        with connection:
            while connection.recv(1 << 20):
                time.sleep(max(0.0, begun + first - time.monotonic()))
                connection.sendall(answer)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def closing_after(answers: int) -> Iterator[int]:
    """A server that closes each connection after a number of responses, without notice."""

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                for _ in range(answers):
                    connection.recv(1 << 20)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def test_a_connection_that_was_closed_while_idle_is_no_missing_answer(sluice: Sluice) -> None:
    with closing_after(2) as port:
        options = ("--rate", "20", "--duration", "1", "--connections", "1", "--mix", "message=1")
        _, reported = simulated(sluice, *options, "--json", port=str(port))
    assert reported["answers"] == {"200": 20}


def test_latency_counts_from_when_a_webhook_was_due(sluice: Sluice) -> None:
    """With one connection to a server that hangs at first, all others wait here; a closed loop would not see it."""
    with hanging(1.5) as port:
        options = ("--rate", "50", "--duration", "1", "--connections", "1", "--mix", "message=1")
        _, reported = simulated(sluice, *options, "--json", port=str(port))
    assert reported["sent"] == 50
    assert reported["p50"] > 200


@pytest.mark.parametrize(
    "options",
    [
        ["--mix", "smoke=1"],
        ["--mix", "message"],
        ["--mix", "message=0"],
        ["--rate", "0"],
        ["--duplicates", "1"],
        ["--url", "ftp://x"],
        ["--url", "http://x\r\ny: z"],
    ],
)
def test_what_cannot_be_sent_is_an_error_of_usage(sluice: Sluice, options: list[str]) -> None:
    assert sluice("simulate", *options).exit_code == 2


def test_ctrl_c_prints_the_summary_so_far(tmp_path: Path, ingress: Receiver) -> None:
    command = [program("sluice"), "simulate", "--rate", "50", "--duration", "600", "--json"]
    environment = clean_environment(SLUICE_PORT=str(ingress.port))
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE) as process:
        until(lambda: len(ingress.sent) > 5, within=30)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
    reported = json.loads(output)
    assert reported["answers"]["200"] >= 5
    assert process.returncode in {0, 1}


def test_on_a_terminal_the_numbers_move(tmp_path: Path, ingress: Receiver) -> None:
    shown = on_a_terminal(
        tmp_path, "simulate", "--rate", "20", "--duration", "1.5", "--mix", "sent=1", SLUICE_PORT=str(ingress.port)
    )
    assert shown.count("latency") > 2
    assert "200: 30 (0 unexpected)" in shown


def test_a_target_names_its_host_and_port_and_nobody_s_password() -> None:
    target = WebhookTarget("http://user:secret@example.com/hooks")
    request = target.request(b"{}", {"x-webhook-token": "t"})
    assert (target.host, target.port) == ("example.com", 80)
    assert request == (
        b"POST /hooks HTTP/1.1\r\nhost: example.com\r\nx-webhook-token: t\r\ncontent-length: 2\r\n\r\n{}"
    )
