"""`make bench`: prints medians and ratios."""

import argparse
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import drain_rate, idle_latency, ingress_rate
from tests.support.postgres import binaries, postgres

console = Console(width=110)


def main() -> None:
    """Every measurement, in one run."""
    options = argparse.ArgumentParser(prog="make bench")
    options.add_argument("--short", action="store_true", help="fewer rounds and events: to see that it runs")
    short = options.parse_args().short
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        folder = Path(name)
        _ingress(folder, rounds=1 if short else 5, seconds=2 if short else 5)
        with _database(folder) as database:
            kind = database.split(":")[0].split("+")[0]
            _drain(folder, database, kind, events=20_000 if short else 100_000, naive_events=1_500 if short else 10_000)
            _idle(folder, database, kind, count=50 if short else 300)


def _ingress(folder: Path, *, rounds: int, seconds: int) -> None:
    rates = ingress_rate.measure(folder, rounds=rounds, seconds=seconds)
    table = Table("acknowledged webhooks/s, one core, appendfsync always", "median", "Sluice is", box=None)
    for name, values in rates.items():
        table.add_row(name, f"{statistics.median(values):,.0f}", f"{ingress_rate.ratio(rates, 'Sluice', name):.2f} x")
    console.print(table)


def _drain(folder: Path, database: str, kind: str, *, events: int, naive_events: int) -> None:
    bodies = drain_rate.statuses(events)
    naive = drain_rate.naive(folder, database, bodies[:naive_events])
    sluice = drain_rate.sluice(folder, database, bodies)
    table = Table(f"backlog of statuses into {kind}, two worker processes", "events/s", "Sluice is", box=None)
    table.add_row(f"Celery, a task an event ({naive_events:,} events)", f"{naive:,.0f}", f"{sluice / naive:.1f} x")
    table.add_row(f"Sluice ({events:,} events)", f"{sluice:,.0f}", "")
    console.print(table)


def _idle(folder: Path, database: str, kind: str, *, count: int) -> None:
    took = statistics.quantiles(idle_latency.measure(folder, database, count), n=100)
    console.print(f"POST to row in {kind} when idle: p50 {took[49] * 1000:.1f} ms, p99 {took[98] * 1000:.1f} ms")


@contextmanager
def _database(folder: Path) -> Iterator[str]:
    """PostgreSQL where it is installed, else SQLite."""
    if binaries() is None:
        yield f"sqlite:///{folder / 'bench.db'}"
    else:
        with postgres() as url:
            yield url


if __name__ == "__main__":
    main()
