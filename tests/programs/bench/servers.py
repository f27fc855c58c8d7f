"""The contenders for taking webhooks in, each on one uvicorn with uvloop and httptools, on one core."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.programs.bench.context import SERVER_CORE
from tests.programs.bench.machine import Process, running, wait_for_port
from tests.support.programs import free_port

SLUICE = "Sluice"
BARE = "bare ASGI application"
CELERY = "FastAPI + Celery delay()"
DRAMATIQ = "FastAPI + dramatiq send()"
XADD = "Starlette + one XADD per request"

_APPLICATIONS = {
    BARE: "tests.programs.bench.baselines.bare:app",
    CELERY: "tests.programs.bench.baselines.fastapi_celery:app",
    DRAMATIQ: "tests.programs.bench.baselines.fastapi_dramatiq:app",
    XADD: "tests.programs.bench.baselines.starlette_xadd:app",
}
_OPTIONS = ("--http", "httptools", "--loop", "uvloop", "--no-access-log", "--log-level", "warning", "--backlog", "4096")


class Server(NamedTuple):
    """One that runs."""

    port: int
    process: Process


@contextmanager
def server(
    name: str, redis_url: str, folder: Path, *, cores: str = SERVER_CORE, database: str = "none", data: str = "data"
) -> Iterator[Server]:
    """That contender, listening."""
    port = free_port()
    environment: Mapping[str, str]
    if name == SLUICE:
        command = [sys.executable, "-m", "ingress"]
        environment = sluice(redis_url, database, folder / data) | {"SLUICE_PORT": str(port)}
    else:
        command = [sys.executable, "-m", "uvicorn", _APPLICATIONS[name], "--port", str(port), *_OPTIONS]
        environment = {"BENCH_REDIS": redis_url, "BENCH_DATABASE": database}
    with running(command, cores, environment, folder / f"{_word(name)}.log") as process:
        wait_for_port(port, process)
        yield Server(port, process)


@contextmanager
def servers(names: tuple[str, ...], redis_url: str, folder: Path) -> Iterator[dict[str, Server]]:
    """All of them, at once: one that is not asked for anything costs nothing."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(server(name, redis_url, folder)) for name in names}


def sluice(redis_url: str, database: str, data: Path) -> dict[str, str]:
    """Sluice's settings."""
    return {"SLUICE_REDIS_URL": redis_url, "SLUICE_DATABASE_URL": database, "SLUICE_DATA_DIR": str(data)}


def _word(name: str) -> str:
    return name.lower().replace(" ", "-").replace("+", "and").replace("()", "")
