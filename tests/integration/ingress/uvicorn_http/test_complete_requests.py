"""The interface of the fast path: any application that declares it gets complete requests, each of them once."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from ingress.complete_requests import CompleteRequestApp, Respond
from ingress.uvicorn_http.fast_path import FastPathProtocol
from tests.support.ingress.serving import connected, serving


class _Asgi:
    """Responds to every request with its path, and records it."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, bytes]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if not message["more_body"]:
                break
        self.calls.append(("asgi", scope["path"], body))
        text = b"asgi " + scope["path"].encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(text))]})
        await send({"type": "http.response.body", "body": text})


class _Complete(_Asgi):
    """Takes complete requests for /now and /later."""

    def handle_complete(self, scope: Scope, body: bytes, respond: Respond, /) -> bool:
        path = scope["path"]
        self.calls.append(("complete", path, body))
        text = b"complete " + path.encode()
        response = (200, [(b"content-length", b"%d" % len(text))], text)
        if path == "/now":
            respond(*response)
        elif path == "/later":
            asyncio.get_running_loop().call_later(0.05, respond, *response)
        return path in {"/now", "/later"}


@contextmanager
def _client(app: ASGIApp) -> Iterator[socket.socket]:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        serving(app, FastPathProtocol, listener),
        connected(listener.getsockname()[1]) as client,
    ):
        yield client


def _request(path: str, body: bytes = b"{}", method: str = "POST") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _bodies(client: socket.socket, count: int) -> list[str]:
    """The bodies of `count` responses, in their order."""
    found = b""
    while found.count(b"\r\n\r\n") < count or not found.endswith((b"now", b"later", b"else")):
        found += client.recv(65536)
    return [part.split(b"\r\n\r\n")[1].decode() for part in found.split(b"HTTP/1.1 200 OK\r\n")[1:]]


@pytest.mark.parametrize("path", ["/now", "/later"])
def test_what_the_application_takes_it_answers_alone(path: str) -> None:
    app = _Complete()
    with _client(app) as client:
        client.sendall(_request(path))
        assert _bodies(client, 1) == [f"complete {path}"]
    assert app.calls == [("complete", path, b"{}")]


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_what_it_does_not_take_is_served_through_asgi_with_the_same_body(method: str) -> None:
    app = _Complete()
    body = b"{}" if method == "POST" else b""
    with _client(app) as client:
        client.sendall(_request("/else", body, method))
        assert _bodies(client, 1) == ["asgi /else"]
    assert app.calls == [("complete", "/else", body), ("asgi", "/else", body)]


def test_pipelined_requests_are_answered_in_their_order_however_each_is_served() -> None:
    app = _Complete()
    paths = ["/later", "/now", "/else", "/now", "/later", "/else"]
    with _client(app) as client:
        client.sendall(b"".join(map(_request, paths)))
        assert [body.split()[1] for body in _bodies(client, len(paths))] == paths
    assert [path for kind, path, _ in app.calls if kind == "complete"] == paths


def test_an_application_that_does_not_declare_it_is_served_through_asgi() -> None:
    app = _Asgi()
    assert not isinstance(app, CompleteRequestApp)
    assert isinstance(_Complete(), CompleteRequestApp)
    with _client(app) as client:
        client.sendall(_request("/now"))
        assert _bodies(client, 1) == ["asgi /now"]
