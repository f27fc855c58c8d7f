"""A small HTTP server that keeps what it is sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple


class Sent(NamedTuple):
    """One request."""

    path: str
    headers: dict[str, str]  # names in small letters
    body: bytes


class Receiver:
    """Where it listens, what came, and what it answers."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.sent: list[Sent] = []
        self.answer: tuple[int, bytes] = (200, b'{"receipt":"1"}')


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A server on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            kept.sent.append(Sent(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            status, answer = kept.answer
            self.send_response(status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept = Receiver(server.server_address[1])
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
