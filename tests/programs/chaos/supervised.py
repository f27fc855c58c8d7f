"""A program that is kept running, as systemd would: started again at once when it ends, its leftovers killed."""

import ctypes
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1  # prctl(2)
_SPAWNER = ThreadPoolExecutor(1, "spawner")
_PAUSE = 0.3  # seconds between an end and the next start
_TERM = 45.0  # seconds from SIGTERM to SIGKILL


class SupervisedProcess:
    """One program and the process group it leads. `orphans`: seconds that the children of a killed one may live on."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.environment = dict(environment)
        self.exits: list[int] = []  # codes with which it ended though nobody ended it
        self.orphans = 0.0
        self.killed_late = 0  # times that SIGTERM was not enough
        self._command = list(command)
        self._folder = folder
        self._process = self._start()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=name, daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """Of the main process."""
        return self._process.pid

    @property
    def log(self) -> Path:
        """What it printed."""
        return self._folder / f"{self.name}.log"

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Sends the main process a signal."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def signal_all(self, number: int) -> None:
        """Sends it to every process of the group."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def children(self) -> list[int]:
        """Pids of the main process' children."""
        return children_of(self.pid)

    def terminate(self) -> None:
        """SIGTERM, and no further start; see `wait`."""
        self._stopping.set()
        self.kill(signal.SIGTERM)

    def wait(self) -> int:
        """Its exit code, after `terminate`; killed if it takes too long."""
        try:
            self._process.wait(_TERM)
        except subprocess.TimeoutExpired:
            self.killed_late += 1
        self.signal_all(signal.SIGKILL)
        self._thread.join()
        return self._process.returncode

    def _start(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return spawn(
                self._command,
                cwd=self._folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _keep(self) -> None:
        while True:
            code = self._process.wait()
            if not self._stopping.is_set():
                if code != -signal.SIGKILL:
                    self.exits.append(code)
                self._stopping.wait(self.orphans)
            self.signal_all(signal.SIGKILL)
            if self._stopping.wait(_PAUSE):
                return
            self._process = self._start()


def spawn(command: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
    """Starts a process in a session of its own that is killed when the suite ends, however that ends."""
    # By one thread that lasts: a process is reported of the end of the thread that started it (prctl(2)).
    return _SPAWNER.submit(_start, command, options).result()


def _start(command: Sequence[str], options: dict[str, Any]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, start_new_session=True, preexec_fn=_end_with_parent, **options)


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def children_of(parent: int) -> list[int]:
    """Pids of a process' children."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError, ValueError):  # it ended meanwhile
            if int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1]) == parent:
                found.append(int(folder.name))
    return found
