"""The webhooks' endpoint alone on a real socket, and a client that sends exactly the given bytes."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from ingress.auth import WebhookAuthenticator
from ingress.delivery.group_commit import OnCommitted
from ingress.uvicorn_http.timeouts import TimeoutProtocol
from ingress.webhooks import WebhookEndpoint
from tests.support.waiting import until

#: A request that is answered without anybody's doing.
GET = b"GET /health/live HTTP/1.1\r\n\r\n"


class Server:
    """What it was given, and whether it may answer yet."""

    def __init__(self) -> None:
        self.running: uvicorn.Server | None = None
        self.port = 0
        self.committed: list[bytes] = []
        self.submitted: list[bytes] = []
        self.elsewhere: list[Scope] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    @property
    def _state(self) -> uvicorn.server.ServerState:
        assert self.running is not None
        return self.running.server_state

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._state.connections)

    @property
    def tasks(self) -> int:
        """Requests that are answered by a task just now."""
        return len(self._state.tasks)

    @property
    def protocols(self) -> list[Any]:
        """What serves the connections."""
        return list(self._state.connections)

    @property
    def unsent(self) -> int:
        """Bytes of answers that the system did not take yet, of all connections."""
        return sum(protocol.transport.get_write_buffer_size() for protocol in self.protocols)

    async def rest(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer every request other than a webhook, without reading its body."""
        await asyncio.to_thread(self.may_answer.wait)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})
        self.elsewhere.append(scope)

    async def commit(self, _lane: str, receipt: bytes) -> None:
        """Takes a webhook's body, and waits until it may be acknowledged."""
        self.committed.append(receipt[22:])
        await asyncio.to_thread(self.may_answer.wait)

    def submit(self, _lane: str, receipt: bytes, on_committed: OnCommitted) -> None:
        """Takes a webhook's body and acknowledges it at once."""
        self.submitted.append(receipt[22:])
        on_committed(None)


@contextmanager
def served(protocol: type[TimeoutProtocol], *, body_seconds: float = 10.0, send_buffer: int = 0) -> Iterator[Server]:
    """Serves in a thread. `send_buffer`: bytes that the system holds for a client that does not read, 0 for many."""
    server = Server()
    app = WebhookEndpoint(
        server.rest,
        server,
        WebhookAuthenticator([], None),
        max_body_bytes=2**20,
        body_timeout=body_seconds,
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        if send_buffer:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        server.port = listener.getsockname()[1]
        with serving(app, protocol, listener) as server.running:
            try:
                yield server
            finally:
                server.may_answer.set()


@contextmanager
def serving(app: ASGIApp, protocol: type[TimeoutProtocol], listener: socket.socket) -> Iterator[uvicorn.Server]:
    """Serve an application on a listening socket, in a thread."""
    config = uvicorn.Config(
        app, http=protocol, loop="uvloop", lifespan="off", ws="none", log_config=None, proxy_headers=False
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, args=([listener],))
    thread.start()
    try:
        until(lambda: running.started)
        yield running
    finally:
        running.should_exit = True
        thread.join()


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    """A connection to it."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        yield client


@contextmanager
def deaf(server: Server) -> Iterator[socket.socket]:
    """A connection whose client reads nothing, with little room for what it does not read."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(10)
        client.connect(("127.0.0.1", server.port))
        yield client


def fill(server: Server, client: socket.socket, unsent: int = 64 * 1024) -> None:
    """Asks, one request after the other, until more than `unsent` bytes of answers wait to be sent."""
    asked = 0
    while server.unsent <= unsent:
        client.sendall(GET)
        asked += 1
        # The last one may be written in part.
        until(lambda: len(server.elsewhere) == asked or server.unsent > unsent, every=0.0005)  # noqa: B023


def sends(client: socket.socket, request: bytes) -> bool:
    """Whether it could still be sent."""
    try:
        client.sendall(request)
    except (ConnectionResetError, BrokenPipeError):
        return False
    return True


class Said(NamedTuple):
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> tuple[str, str]:
        """Code and message of an error answer."""
        assert self.headers["content-type"] == "application/json"
        answer: Any = json.loads(self.body)
        return answer["error"]["code"], answer["error"]["message"]


def everything(client: socket.socket) -> list[Said]:
    """All answers until the server closes."""
    found = b""
    try:
        while piece := client.recv(65536):
            found += piece
    except ConnectionResetError:  # it closed before it had read everything
        pass
    return _answers(found)


def said(port: int, *parts: bytes) -> list[Said]:
    """All answers to these bytes, until the server closes."""
    with connected(port) as client:
        try:
            for part in parts:
                client.sendall(part)
        except (ConnectionResetError, BrokenPipeError):
            pass
        return everything(client)


def _answers(text: bytes) -> list[Said]:
    found = []
    while text:
        head, _, rest = text.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        size = int(headers["content-length"])
        found.append(Said(int(first.split()[1]), headers, rest[:size]))
        text = rest[size:]
    return found
