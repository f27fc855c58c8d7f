"""Runs the Procfile: the embedded Redis first and last, everything else between."""

import asyncio
import fcntl
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import SluiceError
from shared.settings import Settings
from workers.devtools.up.child import ChildProcess, OutputLine

_STOP_SECONDS = 30.0
_START_SECONDS = 60.0


class StartFailed(SluiceError):
    """Another `sluice up` has this data folder, or its Redis does not start."""


async def run(settings: Settings, commands: dict[str, str], say: OutputLine, *, patience: float = _STOP_SECONDS) -> int:
    """Until SIGTERM, SIGINT or the end of its terminal; replies the exit code. Raises StartFailed.

    `patience`: seconds from SIGTERM to SIGKILL.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup means it
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with _locked(settings.data_dir):
        if settings.redis_url is not None:
            return await _run_all(_children(commands, settings.redis, say, patience), stop, say)
        url_file = settings.embedded_url_file
        url_file.unlink(missing_ok=True)  # of one that was killed
        command = shlex.join(
            [sys.executable, "-m", "workers.devtools.up.embedded", str(url_file.parent), str(url_file)]
        )
        server = ChildProcess("redis", command, os.environ, say, patience)
        running = asyncio.create_task(server.run())
        try:
            url = await _url(url_file, stop)
            return await _run_all(_children(commands, url, say, patience), stop, say) if url else 0
        finally:
            server.stop()
            await running


def _children(commands: dict[str, str], redis_url: str, say: OutputLine, patience: float) -> list[ChildProcess]:
    environment = _environment(redis_url)
    return [ChildProcess(name, command, environment, say, patience) for name, command in commands.items()]


async def _run_all(children: list[ChildProcess], stop: asyncio.Event, say: OutputLine) -> int:
    stopping = asyncio.create_task(stop.wait())
    running = [asyncio.create_task(child.run()) for child in children]
    await asyncio.wait([stopping, *running], return_when=asyncio.FIRST_COMPLETED)
    say("up", "stopping")
    for child in children:
        child.stop()
    stopping.cancel()
    return 0 if all(await asyncio.gather(*running)) else 1


async def _url(url_file: Path, stop: asyncio.Event) -> str:
    """The address that the embedded server leaves once it answers; empty if it is stopped before."""
    try:
        async with asyncio.timeout(_START_SECONDS):
            while not stop.is_set():
                if url := _read(url_file):
                    return url
                await asyncio.sleep(0.05)
            return ""
    except TimeoutError:
        raise StartFailed(f"the embedded Valkey does not answer within {_START_SECONDS:g} s") from None


def _read(url_file: Path) -> str:
    return url_file.read_text().strip() if url_file.exists() else ""


def _environment(redis_url: str) -> dict[str, str]:
    # The commands of this very environment come first, whatever else is on the PATH.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    colour = {"FORCE_COLOR": "1"} if sys.stdout.isatty() else {}
    return {**os.environ, "SLUICE_REDIS_URL": redis_url, "PATH": path, "PYTHONUNBUFFERED": "1", **colour}


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StartFailed(f"another `sluice up` runs in {folder.resolve()}") from None
        yield
