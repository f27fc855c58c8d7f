"""Runs the Procfile: the embedded Redis first and last, everything else between."""

import asyncio
import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import SluiceError
from shared.settings import Settings
from workers.up.child import Child, Say
from workers.up.embedded import Embedded

_STOP_SECONDS = 30.0
_LOOK_EVERY = 1.0  # seconds between two looks at the embedded server


class AlreadyRunning(SluiceError):
    """Another `sluice up` has this data folder."""


async def run(settings: Settings, commands: dict[str, str], say: Say) -> int:
    """Until SIGTERM or SIGINT; replies the exit code. Raises AlreadyRunning or EmbeddedFailure."""
    with _locked(settings.data_dir):
        embedded = _embedded(settings)
        if embedded is None:
            return await _run_all(commands, _environment(settings.redis), say)
        say("redis", "starting the embedded Valkey")
        await asyncio.to_thread(embedded.start)
        watch = asyncio.create_task(_watch(embedded, say))
        try:
            return await _run_all(commands, _environment(embedded.url), say)
        finally:
            watch.cancel()
            await asyncio.to_thread(embedded.stop)


async def _run_all(commands: dict[str, str], environment: dict[str, str], say: Say) -> int:
    children = [Child(name, command, environment, say) for name, command in commands.items()]
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    stopping = asyncio.create_task(stop.wait())
    running = [asyncio.create_task(child.run()) for child in children]
    await asyncio.wait([stopping, *running], return_when=asyncio.FIRST_COMPLETED)
    say("up", "stopping")
    await asyncio.gather(*[child.stop(_STOP_SECONDS) for child in children])
    wrong = [task for task in running if task.done() and not task.result()]
    for task in (stopping, *running):
        task.cancel()
    return 1 if wrong else 0


async def _watch(embedded: Embedded, say: Say) -> None:
    while True:
        await asyncio.sleep(_LOOK_EVERY)
        if await asyncio.to_thread(embedded.restart_if_dead):
            say("redis", "the embedded Valkey had died and was started again")


def _embedded(settings: Settings) -> Embedded | None:
    if settings.redis_url is not None:
        return None
    return Embedded(settings.embedded_url_file.parent, settings.embedded_url_file)


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
            raise AlreadyRunning(f"another `sluice up` runs in {folder.resolve()}") from None
        yield
