"""What strangers can make the ingress hold: its process' memory, measured from outside."""

import re
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.ingress.processes import Ingress, ingress, killable

_MIB = 1024 * 1024
_HEAD = b"POST /webhooks HTTP/1.1\r\nhost: x\r\n"


@pytest.fixture
def running(tmp_path: Path, redis_url: str) -> Iterator[Ingress]:
    with ingress(tmp_path, redis_url=redis_url) as running:
        for _ in range(5):
            running.post(b'{"a":"%b"}' % (b"x" * 300_000))  # what it takes once, it has now
        yield running


def _field(running: Ingress, name: str) -> float:
    text = Path(f"/proc/{running.program.process.pid}/status").read_text()
    found = re.search(rf"^{name}:\s+(\d+) kB$", text, re.MULTILINE)
    assert found
    return int(found[1]) / 1024


@contextmanager
def _no_more_than(running: Ingress, most: float) -> Iterator[None]:
    """The peak memory of the process meanwhile exceeds its memory before by less than `most` MiB."""
    Path(f"/proc/{running.program.process.pid}/clear_refs").write_text("5")  # resets VmHWM; proc(5)
    before = _field(running, "VmRSS")
    yield
    grown = _field(running, "VmHWM") - before
    assert grown < most, f"{grown:.0f} MiB more"


def _sent(running: Ingress, parts: int, part: bytes, first: bytes) -> bytes:
    """The answer to `first` and then `part` again and again."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=60) as client:
        try:
            client.sendall(first)
            for _ in range(parts):
                client.sendall(part)
            return client.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            return b""


def _at_once(times: int, ask: Callable[[int], bytes]) -> list[bytes]:
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(ask, range(times)))


@pytest.mark.parametrize(
    ("first", "part", "parts"),
    [
        (_HEAD + b"a: ", b"b" * _MIB, 10),
        (_HEAD, b"a: b\r\n" * 100_000, 10),
        (b"POST /webhooks/", b"a" * _MIB, 10),
        (_HEAD + b"transfer-encoding: chunked\r\n\r\n2;", b"x" * _MIB, 10),
        (_HEAD + b"transfer-encoding: chunked\r\n\r\n0\r\n", b"a: b\r\n" * 100_000, 10),
        (b"", (_HEAD + b"content-length: 2\r\n\r\n{}") * 5000, 10),
    ],
    ids=["an endless header", "headers without end", "an endless path", "extensions", "trailers", "requests ahead"],
)
def test_requests_without_an_end_cost_next_to_nothing(running: Ingress, first: bytes, part: bytes, parts: int) -> None:
    with _no_more_than(running, 25):
        answers = _at_once(50, lambda _number: _sent(running, parts, part, first))

    assert {answer[:13] for answer in answers if answer} <= {b"HTTP/1.1 431 ", b"HTTP/1.1 400 ", b"HTTP/1.1 200 "}
    assert running.post().status_code == 200


def test_bodies_that_stop_half_way_cost_a_bounded_amount(running: Ingress) -> None:
    head = _HEAD + b"content-length: %d\r\n\r\n" % (3 * _MIB)
    with ExitStack() as held, _no_more_than(running, 250):  # 128 MiB, and what a growing buffer leaves behind
        clients = [held.enter_context(socket.create_connection(("127.0.0.1", running.port))) for _ in range(150)]

        def almost(number: int) -> bytes:
            try:
                clients[number].sendall(head + b"x" * (3 * _MIB - 1))
            except (ConnectionResetError, BrokenPipeError):
                return b"reset"
            return b""

        _at_once(150, almost)
        assert running.post().status_code == 200, "others are served meanwhile"
        refused = 0
        for client in clients:
            client.setblocking(False)
            with suppress(BlockingIOError):  # which is still held
                refused += client.recv(13) == b"HTTP/1.1 503 "
        assert refused > 80


def test_hundreds_of_connections_that_have_half_a_head_cost_little(running: Ingress) -> None:
    with ExitStack() as held, _no_more_than(running, 30):
        for _ in range(400):
            client = held.enter_context(socket.create_connection(("127.0.0.1", running.port)))
            client.sendall(_HEAD + b"a: " + b"b" * 20_000)
        assert running.post().status_code == 200


@pytest.mark.parametrize("unit", [b"[],", b'{"":{}},', b'"",', b"0,"])
def test_a_body_of_a_million_values_costs_no_more_than_its_own_size(running: Ingress, unit: bytes) -> None:
    body = b"[" + unit * (3 * _MIB // len(unit) - 2) + b"0]"
    with _no_more_than(running, 40):
        answers = _at_once(3, lambda _number: running.post(body).content)

    assert all(b"more than 250000 values" in answer for answer in answers)


@pytest.mark.long
def test_what_was_parsed_is_not_kept_while_redis_makes_them_wait(tmp_path: Path) -> None:
    body = b"[" + b"[[]]," * 80_000 + b"0]"  # 400 KB, and 15 MB when it is parsed
    head = _HEAD + b"content-length: %d\r\n\r\n" % len(body)
    with killable(tmp_path / "valkey") as redis, ingress(tmp_path, redis_url=redis.url) as running:
        assert running.post(body).status_code == 200
        # They wait for some three seconds, until the ingress gives up on Redis and takes its spool.
        with _no_more_than(running, 100), redis.paused():
            answers = _at_once(30, lambda _number: _sent(running, 1, body, head))

    assert {answer[:12] for answer in answers} == {b"HTTP/1.1 200"}
