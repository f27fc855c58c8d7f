"""Requests without an end, or not valid HTTP: each gets a response in its turn, and is cut off. On a real socket."""

import gc
import socket
import struct
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingress.uvicorn_http import limits as bounded
from ingress.uvicorn_http import limits as room
from ingress.uvicorn_http.fast_path import FastPathProtocol
from ingress.uvicorn_http.timeouts import TimeoutProtocol
from tests.support.ingress.processes import ingress, killable
from tests.support.ingress.serving import GET, Said, Server, connected, deaf, everything, fill, said, sends, served
from tests.support.log import Line, Log
from tests.support.waiting import until

_HEAD = b"POST /webhooks HTTP/1.1\r\nhost: x\r\n"
_CLOSE = b"connection: close\r\n"
_CHUNKED = _HEAD + b"transfer-encoding: chunked\r\n\r\n"
_BAD_HTTP = ("bad_request", "invalid HTTP")
_AHEAD = ("bad_request", "too many pipelined requests: wait for the response to the first")
_AROUND = ("bad_request", "the framing of the body is larger than the body")
_HEADERS = ("too_large", "the request has more than 100 headers")
_HEAD_BYTES = ("too_large", "the request's headers are larger than 32768 bytes")
_UPGRADE = ("bad_request", "an upgrade to another protocol is not supported: send the request without Upgrade")
_CONNECTIONS = ("unavailable", "too many connections")


def _webhook(body: bytes = b"{}", headers: bytes = b"") -> bytes:
    return _HEAD + headers + b"content-length: %d\r\n\r\n%b" % (len(body), body)


_OK = _webhook()


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with served(TimeoutProtocol) as server:
        yield server


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    running.committed.clear()
    running.elsewhere.clear()
    yield running
    running.may_answer.set()


def _assert_refused(answers: list[Said], log: Log, status: int, error: tuple[str, str]) -> None:
    [answer] = answers
    assert (answer.status, answer.error) == (status, error)
    assert answer.headers["connection"] == "close"
    assert log.take() == [Line("warning", "rejected requests unread", {"reason": error[1], "rejected": 1})]


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (_HEAD + b"a: b\r\n" * 100 + b"\r\n", _HEADERS),
        (_HEAD + b"a: b\r\n" * 100_000, _HEADERS),
        (_HEAD + b"a:\r\n" * 500, _HEADERS),  # in one slice, and without an end
        (_webhook(headers=b"a: " + b"b" * 32_768 + b"\r\n"), _HEAD_BYTES),
        (_webhook(headers=b"".join(b"a%d: %b\r\n" % (n, b"b" * 1000) for n in range(40))), _HEAD_BYTES),
        (_HEAD + b"a: " + b"b" * 10_000_000, _HEAD_BYTES),
        (_HEAD + b"a" * 10_000_000, _HEAD_BYTES),
        (b"POST /webhooks/" + b"a" * 10_000_000, _HEAD_BYTES),
        (b"\r\n" * 1_000_000, _HEAD_BYTES),
    ],
    ids=[
        "101 headers",
        "100,000 headers",
        "headers that do not end",
        "a long header",
        "many long headers",
        "an endless value",
        "an endless name",
        "an endless path",
        "empty lines",
    ],
)
def test_a_head_that_goes_on_and_on_is_refused(
    server: Server, log: Log, request_: bytes, error: tuple[str, str]
) -> None:
    _assert_refused(said(server.port, request_), log, 431, error)
    assert server.committed == []


@pytest.mark.parametrize(
    "headers",
    [
        b"a: b\r\n" * 97,
        b"a: " + b"b" * 32_000 + b"\r\n",
        b"".join(b"a%d: %b\r\n" % (n, b"b" * 330) for n in range(95)),
        b"cookie: " + b"c" * 8_000 + b"\r\n",
    ],
)
@pytest.mark.parametrize("before", [b"", b"x" * 60_000], ids=["first", "behind a large one"])
def test_a_head_that_is_merely_large_is_taken(server: Server, headers: bytes, before: bytes) -> None:
    first = [_webhook(b'"%b"' % before)] if before else []
    answers = said(server.port, b"".join(first) + _webhook(headers=_CLOSE + headers))

    assert [answer.status for answer in answers] == [200] * (len(first) + 1)


def test_each_byte_may_come_alone(server: Server) -> None:
    with connected(server.port) as client:
        for byte in _webhook(b'{"a":1}', _CLOSE):
            client.sendall(bytes([byte]))
        [answer] = everything(client)

    assert (answer.status, server.committed) == (200, [b'{"a":1}'])


@pytest.mark.parametrize(
    "request_",
    [
        b"\0\0\0",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS where there is none
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"HELO x\r\n",
        b"POST /webhooks/\xc3\xa9 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST /webhooks HTTP/1.1\r\nhost: x\0y\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n",
        _HEAD + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        _HEAD + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}",
        _HEAD + b"content-length: -1\r\n\r\n{}",
        _HEAD + b"content-length: " + b"9" * 5000 + b"\r\n\r\n{}",
        _HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
        _HEAD + b"transfer-encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
        _HEAD + b"transfer-encoding: chunked\r\n\r\n" + b"f" * 17 + b"\r\n",
    ],
)
def test_invalid_http_gets_an_error_as_json(server: Server, log: Log, request_: bytes) -> None:
    _assert_refused(said(server.port, request_), log, 400, _BAD_HTTP)
    assert server.committed == []


@pytest.mark.parametrize(
    ("request_", "status", "error"),
    [
        (_CHUNKED + b"2;" + b"x" * 1_000_000, 400, _AROUND),
        (_CHUNKED + b"2;x=" + b"x" * 1_000_000, 400, _AROUND),
        (_CHUNKED + (b"1;" + b"x" * 100 + b"\r\n1\r\n") * 2000, 400, _AROUND),
        (_CHUNKED + b"1\r\n1\r\n" * 100_000, 400, _AROUND),
        (_CHUNKED + b"2\r\n{}\r\n0\r\na: " + b"b" * 1_000_000, 400, _AROUND),
        (_CHUNKED + b"2\r\n{}\r\n0\r\n" + b"a: b\r\n" * 100_000, 431, _HEADERS),
        (_CHUNKED + b"0" * 1_000_000, 400, _AROUND),
    ],
    ids=[
        "an endless extension",
        "an endless value of one",
        "extensions to each",
        "chunks of one byte",
        "an endless trailer",
        "trailers without end",
        "an endless size",
    ],
)
def test_what_stands_around_chunks_is_bounded(
    server: Server, log: Log, request_: bytes, status: int, error: tuple[str, str]
) -> None:
    _assert_refused(said(server.port, request_), log, status, error)
    assert server.committed == []


def test_chunks_as_senders_write_them_are_taken(server: Server) -> None:
    chunks = b"".join(b"%x;name=value\r\n%b\r\n" % (len(part), part) for part in [b'"', *[b"x" * 900] * 1000, b'"'])
    [answer] = said(server.port, _HEAD + _CLOSE + b"transfer-encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")

    assert answer.status == 200
    assert server.committed == [b'"' + b"x" * 900_000 + b'"']


def test_trailers_do_not_become_headers(server: Server) -> None:
    # A proxy that sets X-Forwarded-For may pass on trailers: they would stand right of it.
    head = (
        b"GET /health/live HTTP/1.1\r\nx-forwarded-for: 203.0.113.9\r\n"
        + _CLOSE
        + b"transfer-encoding: chunked\r\n\r\n"
    )
    said(server.port, head + b"0\r\nx-forwarded-for: 198.51.100.1\r\nx-webhook-token: t\r\n\r\n")

    [scope] = server.elsewhere
    assert {name for name, _ in scope["headers"]} == {b"x-forwarded-for", b"connection", b"transfer-encoding"}
    assert (b"x-forwarded-for", b"203.0.113.9") in scope["headers"]


def test_the_body_of_a_request_for_another_protocol_is_no_request(server: Server, log: Log) -> None:
    # A proxy passes it on as one request. The parser leaves the body to the other protocol, and would go on with it.
    upgrade = b"connection: upgrade\r\nupgrade: h2c\r\n"
    _assert_refused(said(server.port, _webhook(_OK, upgrade)), log, 400, _UPGRADE)
    hidden = b"GET /first HTTP/1.1\r\n" + upgrade + b"content-length: %d\r\n\r\n%b" % (len(_OK), _OK)
    assert [answer.status for answer in said(server.port, hidden + _OK, _OK)] == [200]

    assert [scope["path"] for scope in server.elsewhere] == ["/first"]
    assert server.committed == []


def test_a_few_requests_may_come_before_the_first_is_answered(server: Server) -> None:
    bodies = [b"%d" % number for number in range(bounded.MAX_PIPELINED_REQUESTS)]
    answers = said(server.port, b"".join([*map(_webhook, bodies), _webhook(b"{}", _CLOSE)]))

    assert [answer.status for answer in answers] == [200] * (bounded.MAX_PIPELINED_REQUESTS + 1)
    assert server.committed == [*bodies, b"{}"]


def test_too_many_are_not_taken_and_those_before_them_are_answered(server: Server, log: Log) -> None:
    server.may_answer.clear()
    with connected(server.port) as client:
        client.sendall(_OK * 1000)
        until(lambda: server.committed)
        server.may_answer.set()
        answers = everything(client)

    assert [answer.status for answer in answers] == [200] * (bounded.MAX_PIPELINED_REQUESTS + 1)
    assert len(server.committed) == bounded.MAX_PIPELINED_REQUESTS + 1
    assert [line.values["reason"] for line in log.take()] == [_AHEAD[1]]


def test_nor_are_many_bytes_of_them(server: Server, log: Log) -> None:
    server.may_answer.clear()
    with connected(server.port) as client:
        client.sendall(_webhook(b'"%b"' % (b"x" * 40_000)) * 5)
        until(lambda: server.committed)
        server.may_answer.set()
        answers = everything(client)

    assert [answer.status for answer in answers] == [200] * 3
    assert [line.values["reason"] for line in log.take()] == [_AHEAD[1]]


@pytest.mark.parametrize("broken", [b"\0\0", _HEAD + b"a: b\r\n" * 200, b"POST /" + b"x" * 100_000])
def test_what_came_before_a_broken_request_is_answered_as_if_it_stood_alone(
    server: Server, log: Log, broken: bytes
) -> None:
    # An answer to the broken one would be taken for one to the first.
    server.may_answer.clear()
    with connected(server.port) as client:
        client.sendall(_OK + _OK + broken)
        until(lambda: server.committed)
        server.may_answer.set()
        answers = everything(client)

    assert [answer.status for answer in answers] == [200, 200]
    assert answers[-1].headers["connection"] == "close"
    assert len(log.take()) == 1


def test_a_client_that_goes_away_with_requests_unanswered_is_no_fault_of_the_server(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.may_answer.clear()
    with connected(server.port) as client:
        client.sendall(_OK + _OK + GET)
        until(lambda: server.committed)
    until(lambda: server.connections == 0)
    server.may_answer.set()
    until(lambda: server.tasks == 0)

    assert len(server.committed) == 1
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_nor_is_it_where_no_task_waits(tmp_path: Path) -> None:
    with killable(tmp_path / "valkey") as redis, ingress(tmp_path, redis_url=redis.url) as running:
        with redis.paused(), connected(running.port) as client:
            client.sendall(_OK + _OK + _OK)
            until(redis.has_waiting)
        until(lambda: len(redis.receipts()) == 2)  # that it went away is seen when the first one is answered
        assert running.post().status_code == 200

        assert [line for line in running.program.output.splitlines() if "Traceback" in line] == []


@pytest.mark.parametrize("protocol", [TimeoutProtocol, FastPathProtocol])
@pytest.mark.parametrize("reset", [True, False])
def test_nothing_is_left_of_a_connection_that_has_ended(protocol: type[TimeoutProtocol], reset: bool) -> None:
    # Connections are counted while they last: what stayed in a timer, or until the garbage collector came, would not.
    gc.disable()
    try:
        with served(protocol) as server:
            with connected(server.port) as client:
                client.sendall(_OK)
                assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
                left = [weakref.ref(each) for each in server.protocols]
                if reset:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            assert len(left) == 1
            until(lambda: left[0]() is None, within=4)  # uvicorn's timer has five seconds here
    finally:
        gc.enable()


def test_empty_lines_behind_a_request_do_not_cost_it_its_answer(server: Server, log: Log) -> None:
    server.may_answer.clear()
    with connected(server.port) as client:
        client.sendall(_OK)
        until(lambda: server.committed)
        client.sendall(b"\r\n" * 100_000)
        until(lambda: log.lines)
        server.may_answer.set()
        answers = everything(client)

    assert [answer.status for answer in answers] == [200]
    assert [line.values["reason"] for line in log.take()] == [_AROUND[1]]


def test_a_body_that_breaks_off_does_not_cost_the_request_before_its_answer(log: Log) -> None:
    with served(TimeoutProtocol, body_seconds=0.2) as server, connected(server.port) as client:
        server.may_answer.clear()
        client.sendall(_OK + _CHUNKED + b"zz\r\n")
        until(lambda: log.lines)
        server.may_answer.set()
        answers = everything(client)

    assert [answer.status for answer in answers] == [200, 408]  # the second is taken for one that does not come in
    assert [line.values["reason"] for line in log.take()] == [_BAD_HTTP[1]]


def test_the_body_of_what_nobody_reads_is_not_kept(server: Server) -> None:
    server.may_answer.clear()
    with connected(server.port) as client:
        client.sendall(b"GET /health/ready HTTP/1.1\r\ncontent-length: 10000000\r\n" + _CLOSE + b"\r\n")
        client.sendall(b"x" * 10_000_000)  # were it kept, reading would have paused, and sending too
        server.may_answer.set()
        [answer] = everything(client)

    assert answer.status == 200


def test_a_client_that_sends_on_and_never_reads_is_cut_off() -> None:
    with served(TimeoutProtocol, send_buffer=4096) as server, deaf(server) as client:
        fill(server, client)
        until(lambda: not sends(client, GET))
        until(lambda: server.connections == 0)


def test_more_connections_than_there_is_room_for_are_turned_away(
    server: Server, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "max_connections", lambda: 2)
    with connected(server.port) as first, connected(server.port):
        first.sendall(_OK)
        assert first.recv(1000).startswith(b"HTTP/1.1 200 ")
        _assert_refused(said(server.port), log, 503, _CONNECTIONS)
        first.sendall(_OK)
        assert first.recv(1000).startswith(b"HTTP/1.1 200 ")
    until(lambda: said(server.port, _webhook(b"{}", _CLOSE))[0].status == 200)
    log.take()


@pytest.mark.parametrize(
    ("soft", "hard", "most", "left"),
    [
        (65536, 65536, 4096, 65536),
        (-1, -1, 4096, -1),
        (1024, 65536, 4096, 4224),
        (1024, -1, 4096, 4224),
        (1024, 1024, 896, 1024),
        (256, 2048, 1920, 2048),
        (100, 100, 1, 100),
    ],
)
def test_there_is_room_for_as_many_as_files_may_be_open_and_for_redis_and_the_spool(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, most: int, left: int
) -> None:
    limits = [(soft, hard)]
    monkeypatch.setattr("ingress.uvicorn_http.limits.resource.getrlimit", lambda _which: limits[-1])
    monkeypatch.setattr("ingress.uvicorn_http.limits.resource.setrlimit", lambda _which, wanted: limits.append(wanted))

    assert room.max_connections.__wrapped__() == most
    assert limits[-1] == (left, hard)


def test_a_minute_has_one_line_for_each_reason(server: Server, log: Log) -> None:
    for _ in range(5):
        said(server.port, b"\0\0")
        said(server.port, _HEAD + b"a: b\r\n" * 200)

    assert sorted(line.values["reason"] for line in log.take()) == sorted([_HEADERS[1], _BAD_HTTP[1]])
