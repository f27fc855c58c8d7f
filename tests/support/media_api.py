"""A stand-in for the provider's media API: a real HTTP server that answers by how the media id begins.

    slow-      Omni's shape, after half a second          redirect-  302 to another path of this server
    gone-      404, with Meta's error object              html-      200, but a web page
    busy-      429, Retry-After: 7                        huge-      200, a text that never ends
    broken-    500                                        hang-      no answer until the caller gives up
    flaky-     500 twice for each id, then fine           drip-      200 at once, then a byte every 20 ms, forever
    echo-      400 that repeats the caller's credential   meta-      Meta's shape

Any other id is answered in Omni's shape. As a process: `python -m tests.support.media_api --port 0` prints the URL
template as its first line and runs until SIGTERM; `--latency` delays every answer, `--auth` demands a header line.
"""

import argparse
import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import unquote

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support import media_answers

PATH = "/whatsapp-cloud/media/download/"


class Asked(NamedTuple):
    """One request as it came."""

    media_id: str
    path: str  # still percent-encoded
    query: str
    headers: dict[str, str]
    port: int  # the caller's: one port is one connection


class MediaApi:
    """The server's answers, and what it was asked. `auth` is the header (name, value) that it demands."""

    def __init__(self, auth: tuple[str, str] | None = None, latency: float = 0.0) -> None:
        self.url_template = ""  # known when the server runs
        self.requests: list[Asked] = []
        self.most_at_once = 0
        self.app = Starlette(routes=[Route("/{path:path}", self._handle)])
        self._auth = auth
        self._latency = latency
        self._now = 0
        self._times: Counter[str] = Counter()

    def forget(self) -> None:
        """As if nothing had been asked yet. Not while something is."""
        self.requests.clear()
        self.most_at_once = 0
        self._times.clear()

    async def _handle(self, request: Request) -> Response:
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            await asyncio.sleep(self._latency)
            return await self._answer(request, self._note(request))
        finally:
            self._now -= 1

    def _note(self, request: Request) -> str:
        path = request.scope["raw_path"].decode("ascii")
        media_id = unquote(path.removeprefix(PATH))
        port = request.client.port if request.client else 0
        self.requests.append(Asked(media_id, path, request.url.query, dict(request.headers), port))
        self._times[media_id] += 1
        return media_id

    async def _answer(self, request: Request, media_id: str) -> Response:
        if self._auth and request.headers.get(self._auth[0]) != self._auth[1]:
            return media_answers.error(401, 190, "Invalid OAuth access token")
        match media_id.partition("-")[0]:
            case "slow":
                await asyncio.sleep(0.5)
            case "hang":
                while (await request.receive())["type"] != "http.disconnect":
                    pass
            case "flaky" if self._times[media_id] <= 2:
                return media_answers.error(500, 2, "Service temporarily unavailable")
            case "echo":
                return media_answers.error(400, 190, f"Malformed access token {request.headers.get('authorization')}")
        return media_answers.answer(media_id)


@contextmanager
def media_api(*, auth: tuple[str, str] | None = None, latency: float = 0.0, port: int = 0) -> Iterator[MediaApi]:
    """The server in a thread of this process, at 127.0.0.1, by default on a free port. `latency` is in seconds."""
    api = MediaApi(auth, latency)
    server, listener = _server(api, port)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="media-api")
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.005)
    try:
        yield api
    finally:
        server.should_exit = True
        thread.join()


def _server(api: MediaApi, port: int) -> tuple[uvicorn.Server, socket.socket]:
    listener = socket.create_server(("127.0.0.1", port))
    api.url_template = f"http://127.0.0.1:{listener.getsockname()[1]}{PATH}{{media_id}}"
    config = uvicorn.Config(api.app, lifespan="off", log_level="critical", timeout_graceful_shutdown=1)
    return uvicorn.Server(config), listener


def main() -> None:
    """Runs the server until SIGTERM."""
    options = argparse.ArgumentParser(description="A stand-in for the media API.")
    options.add_argument("--port", type=int, default=0, help="0 picks a free one")
    options.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    options.add_argument("--auth", help="header line that callers must send, such as 'Authorization: Bearer x'")
    given = options.parse_args()
    name, _, value = (given.auth or "").partition(":")
    api = MediaApi((name.strip(), value.strip()) if given.auth else None, given.latency)
    server, listener = _server(api, given.port)
    print(api.url_template, flush=True)
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
