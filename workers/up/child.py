"""One command of the Procfile: started, its output passed on line by line, started again when it dies."""

import asyncio
import contextlib
import ctypes
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping

from shared.exits import WRONG_SETTINGS

_PR_SET_PDEATHSIG = 1  # prctl(2)
_SHORTEST, _LONGEST = 0.5, 30.0  # seconds between two starts
_LONG_LIFE = 60.0  # seconds after which a death is no longer taken for a failed start

Say = Callable[[str, str], None]


class Child:
    """A process group of its own. `say(name, line)` shows a line."""

    def __init__(self, name: str, command: str, environment: Mapping[str, str], say: Say) -> None:
        self.name = name
        self._command = command
        self._environment = dict(environment)
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    async def run(self) -> bool:
        """Keeps it running until it is stopped. False: its settings are wrong, and starting again would not help."""
        wait = _SHORTEST
        while not self._stopping.is_set():
            began = asyncio.get_running_loop().time()
            code = await self._run_once()
            if self._stopping.is_set():
                break
            if code == WRONG_SETTINGS:
                return False
            lived = asyncio.get_running_loop().time() - began
            wait = _SHORTEST if lived > _LONG_LIFE else min(wait * 2, _LONGEST)
            self._say(self.name, f"ended with {_describe(code)}; starting it again in {wait:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)
        return True

    async def stop(self, seconds: float) -> None:
        """SIGTERM to the process, and after `seconds` SIGKILL to its whole group: lanes make that safe."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), seconds)
        except TimeoutError:
            self._say(self.name, f"did not end within {seconds:g} s and is killed")
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    async def _run_once(self) -> int:
        process = await asyncio.create_subprocess_shell(
            f"exec {self._command}",
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # one system call
        )
        self._process = process
        assert process.stdout is not None
        async for line in _lines(process.stdout):
            self._say(self.name, line)
        return await process.wait()


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # longer than the reader's limit: it was dropped
            continue
        if not line:
            return
        yield line.decode("utf-8", "replace").rstrip("\n")


def _describe(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _end_with_parent() -> None:
    # If this program is killed, what it started must not go on holding the port and the data folder.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
