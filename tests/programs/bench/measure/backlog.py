"""Events a second from a backlog of mixed webhooks into rows, two cores for everything."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import median

from tests.programs.bench import rows
from tests.programs.bench.baselines import bulk
from tests.programs.bench.baselines import workers as baselines
from tests.programs.bench.baselines.plain import count_events
from tests.programs.bench.broker import broker
from tests.programs.bench.context import ALL_CORES, Context
from tests.programs.bench.figures import ratio
from tests.programs.bench.machine import Process, cpu_seconds, family_cpu_seconds
from tests.programs.bench.report import Measured, Series
from tests.programs.bench.servers import SLUICE
from tests.programs.bench.traffic import mixed
from tests.programs.bench.waiting import span, wait_for
from tests.programs.bench.workers import Done, push, workers
from workers.lanes import Lanes
from workers.store.write.rows import Rows

_CELERY, _DRAMATIQ, _BULK = (
    "Celery, one task per event",
    "dramatiq, one message per event",
    "bulk insert of the same rows",
)
#: Of 2, 3 and 4 three did best: while one waits for a disk, the others work.
_PROCESSES = ("-c", "3")
_CONNECTIONS = {"postgresql": 2, "sqlite": 1}  # of the bulk insert; SQLite has one writer
_Fill = Callable[[str, list[bytes]], None]
_Start = Callable[[str, str, Path], AbstractContextManager[Process]]


def measure(context: Context) -> Measured:
    """All take turns; each starts with empty tables."""
    sizes = context.sizes
    webhooks = mixed(sizes.backlog)
    few = webhooks.bodies[: sizes.baseline_backlog]
    prepared = bulk.batches(webhooks.bodies)
    rates: dict[str, list[float]] = {_CELERY: [], _DRAMATIQ: [], _BULK: [], SLUICE: []}
    costs: dict[str, list[float]] = {}
    for _ in range(sizes.long_rounds):
        rates[_CELERY].append(_one_by_one(context, few, baselines.fill_celery, baselines.celery))
        rates[_DRAMATIQ].append(_one_by_one(context, few, baselines.fill_dramatiq, baselines.dramatiq_workers))
        rates[_BULK].append(_bulk(context, prepared))
        rate, cost = _sluice(context)
        rates[SLUICE].append(rate)
        for name, value in cost.items():
            costs.setdefault(name, []).append(value)
    return Measured(
        f"backlog of {webhooks.events:,} mixed events into {context.database_kind}, on two cores",
        tuple(Series(name, "events/s", tuple(values)) for name, values in rates.items()),
        {
            "backlog-of-celery": ratio(rates[SLUICE], rates[_CELERY]),
            "backlog-of-bulk": ratio(rates[SLUICE], rates[_BULK]),
        },
        {name: median(values) for name, values in costs.items()}
        | {"rows_per_event": _rows(prepared) / webhooks.events},
        f"the one-by-one baselines have {count_events(few):,} events",
    )


def _sluice(context: Context) -> tuple[float, dict[str, float]]:
    """Events a second from the first webhook classified to the last event stored, and CPU an event in µs."""
    webhooks = mixed(context.sizes.backlog)
    rows.empty(context.database)
    with broker(ALL_CORES) as redis, rows.connected(context.database) as connection:
        push(Lanes(redis.client), webhooks.bodies)
        done = Done(redis.client)
        postmaster = rows.server_pid(connection)
        with workers(redis.url, context.database, context.folder, *_PROCESSES) as process:
            wait_for(done.classified, 1)
            before = cpu_seconds(process.pid), family_cpu_seconds(postmaster)
            found = span(done.classified, done.stored, webhooks.events)
            used = cpu_seconds(process.pid) - before[0], family_cpu_seconds(postmaster) - before[1]
    rows.check(context.database, webhooks)
    costs = {
        "worker_cpu_us": used[0] / webhooks.events * 1e6,
        "database_cpu_us": used[1] / webhooks.events * 1e6,
    }
    return found.per_second, costs


def _one_by_one(context: Context, bodies: list[bytes], fill: _Fill, start: _Start) -> float:
    rows.empty(context.database)
    with broker(ALL_CORES) as redis, rows.connected(context.database) as connection:
        fill(redis.url, bodies)

        def stored() -> int:
            return rows.count(connection, "plain_events")

        with start(redis.url, context.database, context.folder):
            return span(stored, stored, count_events(bodies), every=0.1).per_second


def _bulk(context: Context, prepared: list[Rows]) -> float:
    webhooks = mixed(context.sizes.backlog)
    rows.empty(context.database)
    took = bulk.insert(context.database, prepared, _CONNECTIONS[context.database_kind])
    rows.check(context.database, webhooks)
    return webhooks.events / took


def _rows(prepared: list[Rows]) -> int:
    """Rows that are written, by any statement."""
    return sum(len(table) for batch in prepared for table in batch)
