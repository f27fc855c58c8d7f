"""The load generator, against a server that stalls."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.programs.bench import generator

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")


class _Server:
    """Notes what it was sent; answers `code`, and waits before the answers that `stalls` names by number."""

    def __init__(self, code: int = 200, stalls: dict[int, float] | None = None) -> None:
        self.seen: list[bytes] = []
        self.port = 0
        self._code = code
        self._stalls = stalls or {}

    @contextmanager
    def running(self) -> Iterator["_Server"]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # an answer in one piece

            def do_POST(self) -> None:
                outer.seen.append(self.rfile.read(int(self.headers["content-length"])))
                time.sleep(outer._stalls.get(len(outer.seen), 0))
                self.send_response(outer._code)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = True
            self.port = server.server_address[1]
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            yield self
            server.shutdown()
            thread.join()


def _send(server: _Server, folder: Path, bodies: list[bytes], **options: float) -> generator.Sent:
    file = generator.write_bodies(folder / "bodies", bodies)
    line = generator.command(generator.build(folder), server.port, file, cores="0,1", **options)  # type: ignore[arg-type]
    return generator.run(line)


def test_each_body_is_sent_once_and_again_only_when_all_were(tmp_path: Path) -> None:
    bodies = [b"first", b"second" * 1000, b""]
    with _Server().running() as server:
        sent = _send(server, tmp_path, bodies, count=4, connections=1)
    assert server.seen == [*bodies, b"first"]
    assert (sent.sent, sent.answered, sent.errors) == (4, 4, 0)


def test_answers_other_than_200_are_errors(tmp_path: Path) -> None:
    with _Server(code=503).running() as server:
        sent = _send(server, tmp_path, [b"{}"], count=3, connections=2)
    assert (sent.answered, sent.errors) == (3, 3)


def test_at_a_rate_a_stall_is_charged_to_all_that_it_kept_waiting(tmp_path: Path) -> None:
    with _Server(stalls={1: 0.5}).running() as server:
        sent = _send(server, tmp_path, [b"{}"], count=40, rate=100, connections=1)
    assert (sent.sent, sent.answered, sent.errors) == (40, 40, 0)
    # The first stalls for 500 ms; the twentieth was due 190 ms after it and could not be sent before.
    assert sent.p50 > 200_000


def test_without_a_rate_only_its_own_request_is_charged(tmp_path: Path) -> None:
    with _Server(stalls={1: 0.5}).running() as server:
        sent = _send(server, tmp_path, [b"{}"], count=40, connections=1)
    assert sent.max > 400_000
    assert sent.p50 < 200_000


def test_a_rate_is_kept(tmp_path: Path) -> None:
    with _Server().running() as server:
        sent = _send(server, tmp_path, [b"{}"], rate=100, seconds=1, connections=8)
    assert (sent.sent, sent.answered) == (100, 100)
    assert sent.seconds >= 0.98  # the last one is due at 0.99 s
