"""One command of the Procfile: started, its output passed on line by line, started again when it dies."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from shared.startup import EXIT_INVALID_SETTINGS

_PR_SET_PDEATHSIG = 1  # prctl(2)
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
_SHORTEST, _LONGEST = 0.5, 30.0  # seconds between two starts
_LONG_LIFE = 60.0  # seconds after which a death is no longer taken for a failed start
_LAST_WORDS = 1.0  # seconds for what a dead process has still in its pipe
_MAX_LINE_BYTES = 64 * 1024

OutputLine = Callable[[str, str], None]


class ChildProcess:
    """A process group of its own. `say(name, line)` shows a line; `patience`: seconds from SIGTERM to SIGKILL."""

    def __init__(
        self, name: str, command: str, environment: Mapping[str, str], say: OutputLine, patience: float
    ) -> None:
        self.name = name
        self._command = command
        self._environment = dict(environment)
        self._say = partial(say, name)
        self._patience = patience
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Lets `run` end the process and return."""
        self._stopping.set()

    async def run(self) -> bool:
        """Keeps it running until it is stopped. False: its settings are wrong, and starting again would not help."""
        wait = _SHORTEST
        while not self._stopping.is_set():
            began = asyncio.get_running_loop().time()
            code = await self._run_once()
            if self._stopping.is_set():
                break
            if code == EXIT_INVALID_SETTINGS:
                return False
            lived = asyncio.get_running_loop().time() - began
            wait = _SHORTEST if lived > _LONG_LIFE else min(wait * 2, _LONGEST)
            self._say(f"ended with {_describe(code)}; starting it again in {wait:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)
        return True

    async def _run_once(self) -> int:
        transport, process = await asyncio.get_running_loop().subprocess_shell(
            partial(_Output, self._say),
            f"exec env {self._command}",  # so that it may begin with NAME=value
            env=self._environment,
            stdin=None,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent if _PRCTL else None,
        )
        stopping = asyncio.create_task(self._stopping.wait())
        either: tuple[asyncio.Future[Any], ...] = (process.exited, stopping)
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not process.exited.done():
            await self._end(transport, process.exited)
        # What it started and left behind would hold its port, and keep its pipe open.
        _kill_group(transport.get_pid())
        await asyncio.wait([process.closed], timeout=_LAST_WORDS)
        transport.close()
        return process.exited.result()

    async def _end(self, transport: asyncio.SubprocessTransport, exited: asyncio.Future[int]) -> None:
        """SIGTERM to the process, and after a while SIGKILL: lanes make that safe."""
        with contextlib.suppress(ProcessLookupError):
            transport.terminate()
        await asyncio.wait([exited], timeout=self._patience)
        if not exited.done():
            self._say(f"did not end within {self._patience:g} s and is killed")
            transport.kill()
            await exited


class _Output(asyncio.SubprocessProtocol):
    """Passes on what the process prints. Not a stream's reader, since waiting for one's process waits for its pipe."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._rest = b""
        loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[int] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002 - there is one pipe
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _MAX_LINE_BYTES:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            self._say(line.decode("utf-8", "replace"))

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002 - all the same
        if self._rest:
            self._say(self._rest.decode("utf-8", "replace"))
        if not self.closed.done():
            self.closed.set_result(None)

    def process_exited(self) -> None:
        self.exited.set_result(self._transport.get_returncode() or 0)


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: EPERM for one that is a zombie
        os.killpg(leader, signal.SIGKILL)


def _describe(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _end_with_parent() -> None:
    # If this program is killed, what it started must not go on holding the port and the data folder.
    assert _PRCTL is not None
    _PRCTL(_PR_SET_PDEATHSIG, signal.SIGTERM)  # one system call, as befits a process between fork and exec
