"""Starting Sluice's own programs as a user would, with nothing of the developer's settings."""

import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[2]
_OURS = ("SLUICE_", "OTEL_", "WEB_CONCURRENCY", "FORCE_COLOR", "NO_COLOR", "COLUMNS", "UVICORN_")


class Program(NamedTuple):
    """A program that was started, and the file its output goes to."""

    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def output(self) -> str:
        """All it has printed."""
        return self.log.read_text(errors="replace")

    def stop(self, seconds: float = 60.0) -> int:
        """SIGTERM; replies the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def has_said(self, text: str, seconds: float = 30.0) -> None:
        """Waits for the text in its output."""
        until(lambda: text in self.output or self.process.poll() is not None, within=seconds)
        assert text in self.output, self.output


def clean_environment(**settings: str) -> dict[str, str]:
    """This process' environment without anything that changes what Sluice does, and these settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return {**kept, "PYTHONPATH": str(ROOT), **settings}


def forget_settings(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """The same for this process: no variable of ours, and a current folder without a `.env`."""
    for name in os.environ.keys() - clean_environment().keys():
        monkeypatch.delenv(name)
    monkeypatch.chdir(folder)


def _default_sigint() -> None:
    """Undo what a shell does to its background jobs, of which this process may be one: they ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def started(command: Sequence[str], folder: Path, **settings: str) -> Iterator[Program]:
    """The program, in that folder and in a session of its own; what is left of it is killed at the end."""
    log = folder / "output.log"
    with log.open("ab") as file:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=clean_environment(**settings),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
            preexec_fn=_default_sigint,
        )
    try:
        yield Program(process, log)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def run(command: Sequence[str], folder: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """The program, run to its end."""
    return subprocess.run(
        command, cwd=folder, env=clean_environment(**settings), capture_output=True, text=True, timeout=60, check=False
    )


def python(*arguments: str) -> list[str]:
    """This Python with those arguments."""
    return [sys.executable, *arguments]


def program(name: str) -> str:
    """A program of this environment, such as `sluice`."""
    return str(Path(sys.executable).parent / name)


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port: int = held.getsockname()[1]
    return port


def is_free(port: int) -> bool:
    """Whether nobody listens on that port of loopback."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def lasting_port() -> int:
    """A free port of loopback that the kernel gives to no outgoing connection, not even to one that tries that very
    port while its server is down: for servers that are killed and started again."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(10_000, max(lowest, 10_001))
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
