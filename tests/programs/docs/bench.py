"""The tables of `docs/performance.md`, from the last complete run of `make bench`."""

from statistics import median

from tests.programs.bench import report, table
from tests.support.programs import ROOT

#: (what, name of the measurement, name of the series) for the table of absolute figures.
FIGURES = (
    ("webhooks acknowledged, one ingress core", "rate", "Sluice"),
    ("the same: bare ASGI application that answers from memory", "rate", "bare ASGI application"),
    ("the same: FastAPI + Celery `delay()`", "rate", "FastAPI + Celery delay()"),
    ("backlog of mixed events into PostgreSQL rows", "backlog", "Sluice"),
    ("the same: Celery, one task per event", "backlog", "Celery, one task per event"),
    ("from POST to PostgreSQL rows, everything together", "end-to-end", "Sluice"),
    ("the same: FastAPI + Celery `delay()`", "end-to-end", "FastAPI + Celery delay()"),
    ("response time at half the maximum rate, p50", "latency", "Sluice, p50"),
    ("response time at half the maximum rate, p99", "latency", "Sluice, p99"),
    ("Redis memory of a webhook that waits", "redis-memory", "a webhook in its lane"),
)


def figures() -> str:
    """Return the table of absolute figures: the median of each series."""
    rows = [f"| {what} | {_median(measurement, series)} |" for what, measurement, series in FIGURES]
    return "| | median |\n| --- | ---: |\n" + "\n".join(rows)


def ratios() -> str:
    """Return the table of targets, as the bench prints it, without the measurements below it."""
    return table.markdown(_report()).partition("\n\n")[0]


def stages() -> str:
    """Return the table of stages: the CPU time of each."""
    series = _report().entries["stages"].measured.series
    rows = [f"| {one.name} | {table.number(median(one.values))} |" for one in series]
    return "| stage | µs of CPU per event |\n| --- | ---: |\n" + "\n".join(rows)


def _median(measurement: str, name: str) -> str:
    series = {one.name: one for one in _report().entries[measurement].measured.series}
    return f"{table.number(median(series[name].values))} {series[name].unit}"


def _report() -> report.Report:
    return report.load(ROOT / report.DEFAULT)
