"""Clients that hold a connection without sending a request: cut off. On a real socket."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from ingress.auth import WebhookAuthenticator
from ingress.delivery.group_commit import OnCommitted
from ingress.uvicorn_http.timeouts import TimeoutProtocol
from ingress.webhooks import WebhookEndpoint
from tests.support.ingress.serving import deaf, fill, served
from tests.support.log import Log
from tests.support.waiting import until

_TIMEOUT = 0.2
_OK = b"POST /webhooks HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nx-webhook-token: t\r\n\r\n{}"


class _Hurried(TimeoutProtocol):
    check_interval = _TIMEOUT


async def _nothing_else(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise AssertionError("no webhook")


class _Delivery:
    """Takes every webhook at once."""

    async def commit(self, _lane: str, _receipt: bytes) -> None:
        pass

    def submit(self, _lane: str, _receipt: bytes, on_committed: OnCommitted) -> None:
        on_committed(None)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    app = WebhookEndpoint(
        _nothing_else, _Delivery(), WebhookAuthenticator(["t"], None), max_body_bytes=2**20, body_timeout=_TIMEOUT / 2
    )
    config = uvicorn.Config(app, http=_Hurried, loop="uvloop", lifespan="off", log_level="critical", access_log=False)
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        until(lambda: server.started)
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def _connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        yield client


def _all(client: socket.socket) -> bytes:
    """What comes until the server closes."""
    found = b""
    while piece := _piece(client):
        found += piece
    return found


def _piece(client: socket.socket) -> bytes:
    try:
        return client.recv(65536)
    except ConnectionResetError:
        return b""


def _trickle(client: socket.socket, what: bytes) -> float:
    """Sends it again and again until the server closes; replies how long that took."""
    began = time.monotonic()
    client.settimeout(_TIMEOUT / 10)
    while time.monotonic() - began < 10:
        try:
            client.sendall(what)
            if not client.recv(65536):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    return time.monotonic() - began


def test_a_client_that_says_nothing_is_cut_off(port: int) -> None:
    with _connected(port) as client:
        assert _all(client) == b""


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"POST /webhooks HTTP/1.1\r\n", b"x-header: x\r\n"),
        (b"POST /", b"x"),
        (b"", b"\r\n"),
        (_OK, b"\r\n"),
        (_OK + b"POST /webhooks HTTP/1.1\r\n", b"x-header: x\r\n"),
        # Refused before its body is read, which goes on and on.
        (b"POST /webhooks HTTP/1.1\r\nhost: x\r\ncontent-length: 100000000\r\n\r\n", b"x" * 100),
    ],
    ids=["headers", "a path", "empty lines", "empty lines, later", "the next request's headers", "a refused body"],
)
def test_a_client_that_trickles_is_cut_off(port: int, first: bytes, then: bytes) -> None:
    with _connected(port) as client:
        client.sendall(first)
        assert _trickle(client, then) < _TIMEOUT * 8


def test_a_slow_body_is_answered_before_it_is_cut_off(port: int) -> None:
    with _connected(port) as client:
        client.sendall(_OK[:-1])
        answer = _all(client)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close\r\n" in answer
    assert answer.endswith(b'{"error":{"code":"too_slow","message":"the body did not arrive within 0.1 s"}}')


def test_a_client_that_sends_whole_requests_stays_connected(port: int) -> None:
    with _connected(port) as client:
        end = time.monotonic() + _TIMEOUT * 4
        while time.monotonic() < end:
            client.sendall(_OK)
            assert _piece(client).startswith(b"HTTP/1.1 200 ")
            time.sleep(_TIMEOUT / 6)  # the pace of the client, not a wait for anything


def test_a_client_that_rests_between_two_requests_stays_connected(port: int) -> None:
    with _connected(port) as client:
        client.sendall(_OK)
        assert _piece(client).startswith(b"HTTP/1.1 200 ")
        client.settimeout(_TIMEOUT * 3)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.settimeout(10)
        client.sendall(_OK)
        assert _piece(client).startswith(b"HTTP/1.1 200 ")


def test_a_client_that_reads_no_answers_is_cut_off_though_it_sends_no_more() -> None:
    # Closing would wait until the client has read everything: forever.
    with served(_Hurried, send_buffer=4096) as server, deaf(server) as client:
        fill(server, client)
        assert server.connections == 1
        until(lambda: server.connections == 0)


def test_a_client_that_does_not_read_the_last_answer_is_cut_off_too(log: Log) -> None:
    with served(_Hurried, send_buffer=4096) as server, deaf(server) as client:
        fill(server, client, unsent=1000)
        client.sendall(b"\0\0")  # no HTTP: the connection is to be closed behind the answers
        until(lambda: server.connections == 0)
    assert [line.values["reason"] for line in log.take()] == ["invalid HTTP"]
