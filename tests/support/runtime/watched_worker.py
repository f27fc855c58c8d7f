"""A real Celery worker with tests.support.runtime.stalling_handlers, and what it says of itself."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from typer.testing import CliRunner, Result

from tests.support.programs import Program, program, started
from tests.support.waiting import until
from workers.cli.app import app
from workers.runtime.liveness import worker_status

POOLS = ("prefork", "threads", "solo")


@contextmanager
def watched(
    client: redis.Redis, url: str, folder: Path, pool: str, *options: str, name: str = "one"
) -> Iterator[Program]:
    """Started, and waited for until it takes messages or is full; in the end it is killed with all its processes."""
    own = folder / name
    own.mkdir(exist_ok=True)
    (folder / "notes").touch()
    command = [program("celery"), "--quiet", "-A", "workers", "worker", "-P", pool, "-n", f"{name}@%h", *options]
    settings = {
        "SLUICE_REDIS_URL": url,
        "SLUICE_DATABASE_URL": "none",
        "SLUICE_HANDLERS": "tests.support.runtime.stalling_handlers",
        "NOTES": str(folder / "notes"),
        "STALL": str(own / "stall"),
    }
    with started(command, own, **settings) as running:
        try:
            until(lambda: state(client, name) in {worker_status.LISTENING, worker_status.FULL}, within=30)
            yield running
        finally:
            if running.process.poll() is None:
                os.killpg(running.process.pid, signal.SIGKILL)


def stall(folder: Path, how: str, name: str = "one") -> None:
    """Has that worker stall, and waits until it does."""
    (folder / name / "stall.new").write_text(how)
    (folder / name / "stall.new").rename(folder / name / "stall")
    until(lambda: f"{name} stalls: {how}" in (folder / "notes").read_text())


def state(client: redis.Redis, name: str = "one") -> str:
    """What it said it was."""
    reports = [each.report for each in worker_status.worker_statuses(client)]
    return next((report.state for report in reports if report.node.startswith(f"{name}@")), "")


def states(client: redis.Redis, seconds: float, *names: str) -> set[str]:
    """All that these workers say they are for so long."""
    seen: set[str] = set()
    end = time.monotonic() + seconds

    def look() -> bool:
        seen.update(state(client, name) for name in names)
        return time.monotonic() > end

    until(look, within=seconds + 5)
    return seen


def health(url: str, *options: str) -> Result:
    """What `sluice health worker` answers."""
    return CliRunner().invoke(app, ["health", "worker", *options], env={"SLUICE_REDIS_URL": url})
