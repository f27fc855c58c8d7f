"""A webhook that comes whole is taken in without a task, one in pieces by ASGI; both are answered alike."""

import socket
from collections.abc import Iterator

import pytest

from ingress.uvicorn_http.fast_path import FastPathProtocol
from tests.support.ingress.processes import Ingress, Server, ingress, is_live, killable
from tests.support.ingress.serving import connected, deaf, fill, served
from tests.support.waiting import until

_TOKEN = "secret"


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with killable(tmp_path_factory.mktemp("valkey")) as running:
        yield running


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, mortal: Server) -> Iterator[Ingress]:
    folder = tmp_path_factory.mktemp("ingress")
    with ingress(folder, redis_url=mortal.url, webhook_token=_TOKEN, max_body_bytes="2000") as process:
        yield process


def _request(body: bytes, path: str = f"/webhooks/{_TOKEN}", *lines: str, version: str = "1.1") -> bytes:
    head = [f"POST {path} HTTP/{version}", "host: x", f"content-length: {len(body)}", *lines]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def _ask(running: Ingress, *pieces: bytes, answers: int = 1) -> bytes:
    """What is answered, without its date and the receipt's number. Each piece is a packet of its own."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number, piece in enumerate(pieces):
            if number:
                assert is_live(running)  # by now the bytes before were read too
            client.sendall(piece)
        found = b""
        while found.count(b"HTTP/1.1") < answers or not found.endswith(b"}"):
            more = client.recv(65536)
            if not more:
                break
            found += more
        return found


def _plain(answer: bytes) -> list[bytes]:
    lines = answer.split(b"\r\n")
    return [line for line in lines if not line.startswith((b"date:", b'{"receipt"'))]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b'{"n": 1}', f"/webhooks/{_TOKEN}"),
        (b'{"n": 1}', f"/webhooks/statuses/{_TOKEN}"),
        (b"no JSON", f"/webhooks/{_TOKEN}"),
        (b'{"n": 1}', "/webhooks/wrong"),
        (b'{"n": "' + b"x" * 3000 + b'"}', f"/webhooks/{_TOKEN}"),
        (b"", f"/webhooks/{_TOKEN}"),
        (b'{"n": 1}', "/nowhere"),
    ],
)
def test_a_request_in_pieces_is_answered_like_one_in_a_single_piece(running: Ingress, body: bytes, path: str) -> None:
    whole = _request(body, path)
    cut = whole.index(b"\r\n\r\n") + 4 + len(body) // 2
    assert _plain(_ask(running, whole)) == _plain(_ask(running, whole[:cut], whole[cut:]))


def test_requests_sent_ahead_are_answered_in_their_order(running: Ingress, mortal: Server) -> None:
    bodies = [b'{"n": %d}' % number for number in range(10)]
    answer = _ask(running, b"".join(map(_request, bodies)), answers=10)
    ids = [part.split(b'"')[0].decode() for part in answer.split(b'{"receipt":"')[1:]]
    assert len(ids) == 10
    kept = {receipt.id: receipt.body for receipt in mortal.receipts()}
    assert [kept[identity] for identity in ids] == bodies


def test_a_refusal_between_requests_sent_ahead_does_not_disturb_the_others(running: Ingress) -> None:
    answer = _ask(running, _request(b'{"n": 1}') + _request(b"no JSON") + _request(b'{"n": 2}'), answers=3)
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200", b"400", b"200"]


def test_one_who_asks_to_close_is_closed(running: Ingress) -> None:
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as client:
        client.sendall(_request(b"{}", f"/webhooks/{_TOKEN}", "connection: close"))
        found = b""
        while more := client.recv(65536):
            found += more
    assert found.startswith(b"HTTP/1.1 200 ")
    assert found.lower().count(b"connection: close") == 1


def test_a_client_that_expects_100_continue_gets_it(running: Ingress) -> None:
    head, body = _request(b"{}", f"/webhooks/{_TOKEN}", "expect: 100-continue").split(b"\r\n\r\n")
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as client:
        client.sendall(head + b"\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 100 ")
        client.sendall(body)
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_one_who_left_before_the_answer_harms_nobody(running: Ingress, mortal: Server) -> None:
    before = len(mortal.receipts())
    with mortal.paused(), socket.create_connection(("127.0.0.1", running.port), timeout=10) as client:
        client.sendall(_request(b'{"left": 1}'))
        until(mortal.has_waiting)
    until(lambda: len(mortal.receipts()) == before + 1)
    assert _ask(running, _request(b"{}")).startswith(b"HTTP/1.1 200 ")


def test_what_comes_whole_needs_no_task_and_what_does_not_goes_the_way_of_asgi() -> None:
    with served(FastPathProtocol) as server, connected(server.port) as client:
        client.sendall(_request(b'{"whole": 1}'))
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert (server.submitted, server.committed) == ([b'{"whole": 1}'], [])

        client.sendall(_request(b'{"pieces": 1}')[:-3])
        until(lambda: server.tasks == 1)
        client.sendall(b" 1}")
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert (len(server.submitted), server.committed) == (1, [b'{"pieces": 1}'])
        until(lambda: server.tasks == 0)


def test_to_one_who_does_not_read_no_more_answers_are_made_than_asgi_would() -> None:
    with served(FastPathProtocol, send_buffer=4096) as server:
        with deaf(server) as client:
            fill(server, client)
            client.sendall(_request(b'{"unread": 1}'))
            until(lambda: server.connections == 0)  # it is cut off, see bounded.py
            assert server.submitted == []
        until(lambda: server.tasks == 0)
