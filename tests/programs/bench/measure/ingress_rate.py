"""Acknowledged webhooks a second on one core, `appendfsync always`, 64 connections."""

import re
import shutil
import subprocess
from statistics import median

from tests.programs.bench.broker import Broker, broker
from tests.programs.bench.context import OTHER_CORE, Context
from tests.programs.bench.figures import ratio
from tests.programs.bench.machine import cpu_seconds
from tests.programs.bench.report import Measured, Series
from tests.programs.bench.servers import BARE, CELERY, DRAMATIQ, SLUICE, XADD, Server, servers
from tests.programs.bench.wrk import load
from workers.devtools import samples

_NAMES = (BARE, XADD, DRAMATIQ, CELERY, SLUICE)
_REDIS, _REDIS_GROUPED = "redis-benchmark XADD", "redis-benchmark XADD, 64 at a time"
_WARM_UP = 1  # seconds


def measure(context: Context) -> Measured:
    """All contenders take turns, so that all meet the same machine."""
    body, seconds = samples.load("sent"), context.sizes.load_seconds
    rates: dict[str, list[float]] = {}
    costs: list[float] = []
    with broker(OTHER_CORE) as redis, servers(_NAMES, redis.url, context.folder) as up:
        for _ in range(context.sizes.rounds):
            for name in _NAMES:
                rate, cost = _one(name, up[name], body, context, seconds)
                rates.setdefault(name, []).append(rate)
                if name == SLUICE:
                    costs.append(cost)
                redis.client.flushall()
            for name, rate in _broker_limit(redis, body, 20_000 * seconds).items():
                rates.setdefault(name, []).append(rate)
                redis.client.flushall()
    figures = {
        "ingress-of-bare": ratio(rates[SLUICE], rates[BARE]),
        "ingress-of-fastapi": ratio(rates[SLUICE], rates[CELERY]),
    }
    return Measured(
        "acknowledged webhooks, one core, appendfsync always, 64 connections",
        tuple(Series(name, "webhooks/s", tuple(values)) for name, values in rates.items()),
        figures,
        {"ingress_cpu_us": median(costs)},
    )


def _one(name: str, server: Server, body: bytes, context: Context, seconds: int) -> tuple[float, float]:
    """Webhooks a second, and the server's CPU a webhook in µs."""
    load(server.port, body, context.folder, seconds=_WARM_UP)
    before = cpu_seconds(server.process.pid)
    found = load(server.port, body, context.folder, seconds=seconds)
    cost = (cpu_seconds(server.process.pid) - before) / max(1, found.requests) * 1e6
    if found.errors and name == SLUICE:  # a baseline may time out: its rate counts what it answered
        raise SystemExit(f"{name} answered {found.errors} requests with an error")
    return found.per_second, cost


def _broker_limit(redis: Broker, body: bytes, count: int) -> dict[str, float]:
    """XADD of the same bytes and nothing else: one at a time, and as many together as there are connections."""
    program = shutil.which("redis-benchmark") or shutil.which("valkey-benchmark")
    if program is None:
        return {}
    port = redis.url.split(":")[2].split("/")[0]
    found = {}
    for name, together in ((_REDIS, 1), (_REDIS_GROUPED, 64)):
        options = ("-p", port, "-c", "64", "-P", str(together), "-n", str(count), "-q", "-x", "XADD", "bench", "*", "d")
        command = ["taskset", "-c", OTHER_CORE, program, *options]
        said = subprocess.run(command, input=body, capture_output=True, check=True).stdout.decode()
        rates = re.findall(r"([\d.]+) requests per second", said)
        if not rates:
            raise SystemExit(f"{program} printed: {said}")
        found[name] = float(rates[-1])
    return found
