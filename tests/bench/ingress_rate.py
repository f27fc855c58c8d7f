"""Acknowledged webhooks a second on one core, `appendfsync always`, beside the bare server and FastAPI + delay()."""

import statistics
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.bench.machine import Load, load, running, wait_for_port
from tests.support.programs import free_port
from tests.support.valkey import valkey
from workers import samples

_SERVER_CORE, _OTHER_CORE = "0", "1"
_CONNECTIONS = 64


def measure(folder: Path, *, rounds: int, seconds: int) -> dict[str, list[float]]:
    """Webhooks a second of each contender, a value a round; they take turns, so that all meet the same machine."""
    body = samples.load("sent")
    with valkey(appendonly="yes", appendfsync="always", save="") as redis_url:
        contenders = {
            "bare ASGI": ("tests.bench.bare:app", {}),
            "FastAPI + delay()": ("tests.bench.naive:app", {"BENCH_REDIS": redis_url, "BENCH_DATABASE": "sqlite://"}),
            "Sluice": ("", {"SLUICE_REDIS_URL": redis_url}),
        }
        rates: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, (application, environment) in contenders.items():
                found = _one(application, environment, body, folder, seconds)
                if found.errors and name == "Sluice":  # a baseline may time out: its rate counts what it answered
                    raise SystemExit(f"{name} answered {found.errors} requests with an error")
                rates[name].append(found.per_second)
    return rates


def _one(application: str, environment: Mapping[str, str], body: bytes, folder: Path, seconds: int) -> Load:
    port = free_port()
    options = ["--port", str(port), "--http", "httptools", "--loop", "uvloop", "--no-access-log"]
    command = (
        [sys.executable, "-m", "uvicorn", application, *options] if application else [sys.executable, "-m", "ingress"]
    )
    with running(command, _SERVER_CORE, {**environment, "SLUICE_PORT": str(port)}, folder / "server.log"):
        wait_for_port(port)
        url = f"http://127.0.0.1:{port}/webhooks"
        load(url, body, folder, cores=_OTHER_CORE, seconds=1, connections=_CONNECTIONS)
        return load(url, body, folder, cores=_OTHER_CORE, seconds=seconds, connections=_CONNECTIONS)


def ratio(rates: dict[str, list[float]], over: str, under: str) -> float:
    """The median of the ratios round by round."""
    return statistics.median(a / b for a, b in zip(rates[over], rates[under], strict=True))
