"""One process of `sluice up`: start it, pass its output on line by line, and restart it when it dies."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from shared.startup import EXIT_INVALID_SETTINGS

_PR_SET_PDEATHSIG = 1  # prctl(2)
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
_DRAIN_TIMEOUT = 1.0  # seconds to read what a dead process left in its pipe
_MAX_LINE_BYTES = 64 * 1024

#: Called with the name of the process and one line.
PrintLine = Callable[[str, str], None]


class RestartPolicy(NamedTuple):
    """When a process that died is restarted. All values in seconds."""

    min_delay: float = 0.5
    max_delay: float = 30.0
    stable_after: float = 60.0  # a process that ran this long did not fail at its start

    def next_delay(self, delay: float, lifetime: float) -> float:
        """Return the next delay after one of `delay`, for a process that ran for `lifetime`."""
        return self.min_delay if lifetime > self.stable_after else min(delay * 2, self.max_delay)


class ChildProcess:
    """A process in a process group of its own.

    `print_line(name, line)` shows a line of its output; `stop_timeout`: seconds from SIGTERM to SIGKILL.
    """

    def __init__(
        self,
        name: str,
        command: str,
        environment: Mapping[str, str],
        print_line: PrintLine,
        stop_timeout: float,
        restart: RestartPolicy = RestartPolicy(),  # noqa: B008 - immutable
    ) -> None:
        self.name = name
        self._command = command
        self._environment = dict(environment)
        self._print = partial(print_line, name)
        self._stop_timeout = stop_timeout
        self._restart = restart
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Make `run` end the process and return."""
        self._stopping.set()

    async def run(self) -> bool:
        """Keep the process running until `stop`. Return False if its settings are invalid: a restart would not help."""
        delay = self._restart.min_delay
        while not self._stopping.is_set():
            started_at = asyncio.get_running_loop().time()
            code = await self._run_once()
            if self._stopping.is_set():
                break
            if code == EXIT_INVALID_SETTINGS:
                return False
            delay = self._restart.next_delay(delay, asyncio.get_running_loop().time() - started_at)
            self._print(f"ended with {_describe(code)}; restarting in {delay:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)
        return True

    async def _run_once(self) -> int:
        transport, process = await asyncio.get_running_loop().subprocess_shell(
            partial(_Output, self._print),
            f"exec env {self._command}",  # `env`, because a command may begin with NAME=value
            env=self._environment,
            stdin=None,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent if _PRCTL else None,
        )
        stop_requested = asyncio.create_task(self._stopping.wait())
        either: tuple[asyncio.Future[Any], ...] = (process.exited, stop_requested)
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        stop_requested.cancel()
        if not process.exited.done():
            await self._end(transport, process.exited)
        # Descendants that it left behind would hold its port and keep its pipe open.
        _kill_group(transport.get_pid())
        await asyncio.wait([process.closed], timeout=_DRAIN_TIMEOUT)
        transport.close()
        return process.exited.result()

    async def _end(self, transport: asyncio.SubprocessTransport, exited: asyncio.Future[int]) -> None:
        """Send SIGTERM and, after the timeout, SIGKILL, which is safe because of the lanes."""
        with contextlib.suppress(ProcessLookupError):
            transport.terminate()
        await asyncio.wait([exited], timeout=self._stop_timeout)
        if not exited.done():
            self._print(f"did not end within {self._stop_timeout:g} s and is killed")
            transport.kill()
            await exited


class _Output(asyncio.SubprocessProtocol):
    """Pass on the output. A stream reader would not do: it waits for the end of the pipe, not of the process."""

    def __init__(self, print_line: Callable[[str], None]) -> None:
        self._print = print_line
        self._partial_line = b""
        loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[int] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002 - there is one pipe
        *lines, self._partial_line = (self._partial_line + data).split(b"\n")
        if len(self._partial_line) > _MAX_LINE_BYTES:
            lines, self._partial_line = [*lines, self._partial_line], b""
        for line in lines:
            self._print(line.decode("utf-8", "replace"))

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002 - the reason does not matter
        if self._partial_line:
            self._print(self._partial_line.decode("utf-8", "replace"))
        if not self.closed.done():
            self.closed.set_result(None)

    def process_exited(self) -> None:
        self.exited.set_result(self._transport.get_returncode() or 0)


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS raises EPERM for a zombie
        os.killpg(leader, signal.SIGKILL)


def _describe(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _end_with_parent() -> None:
    # If `sluice up` is killed, its children must not keep the port and the data folder. One system call only: this
    # runs between fork and exec.
    assert _PRCTL is not None
    _PRCTL(_PR_SET_PDEATHSIG, signal.SIGTERM)
