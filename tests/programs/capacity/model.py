"""How many processes, how much Redis and database a load needs. Pure: costs in, numbers and the way to them out."""

import math
from collections.abc import Mapping
from typing import NamedTuple

_GIB = 1024**3

#: What must be known, as the bench names it.
COSTS = {
    "ingress_cpu_us": "ingress, CPU a webhook",
    "worker_cpu_us": "workers, CPU an event (classify, write)",
    "redis_cpu_us": "Redis, CPU an event",
    "database_cpu_us": "database, CPU an event",
    "rows_per_event": "rows written an event",
    "redis_entry_overhead_bytes": "Redis, bytes a waiting event beyond its payload",
    "redis_claim_bytes": "Redis, bytes a dedupe claim",
}


class Load(NamedTuple):
    """The load. It assumes one event per webhook, the usual and the most expensive case."""

    events_per_second: float  # on average; the peak is what processes are counted for
    peak: float = 3.25  # times the average
    payload_bytes: float = 600
    handler_ms: float = 1.0  # process time per event, for all its handlers together
    outage_seconds: float = 600  # of the workers or the database, that Redis must hold
    dedupe_seconds: float = 86_400


class Room(NamedTuple):
    """How far machines are filled."""

    busy: float = 0.6  # share of a core that is used at the peak
    primary_gib: float = 64  # of memory for data in one Redis primary


class Line(NamedTuple):
    """One result with its formula, the numbers put in."""

    what: str
    value: float
    unit: str
    formula: str


def missing(costs: Mapping[str, float]) -> list[str]:
    """The costs that are not known."""
    return [name for name in COSTS if name not in costs]


def reckon(load: Load, costs: Mapping[str, float], room: Room) -> list[Line]:
    """What the load needs, at its peak. Raises KeyError for a cost that is not known; see `missing`."""
    peak = load.events_per_second * load.peak
    return [
        Line("events at the peak", peak, "/s", f"{load.events_per_second:,.0f}/s x {load.peak:g}"),
        _processes("ingress processes", peak, costs["ingress_cpu_us"], room),
        _processes("worker processes", peak, costs["worker_cpu_us"] + load.handler_ms * 1000, room),
        *_redis(load, peak, costs, room),
        Line(
            "database rows",
            peak * costs["rows_per_event"],
            "/s",
            f"{peak:,.0f}/s x {costs['rows_per_event']:.2f} rows",
        ),
        _processes("database cores", peak, costs["database_cpu_us"], room),
    ]


def _processes(what: str, per_second: float, cpu_us: float, room: Room) -> Line:
    """One a core."""
    needed = math.ceil(per_second * cpu_us / 1e6 / room.busy)
    return Line(what, needed, "", f"{per_second:,.0f}/s x {cpu_us:,.1f} µs ÷ {room.busy:g}, rounded up")


def _redis(load: Load, peak: float, costs: Mapping[str, float], room: Room) -> list[Line]:
    entry = load.payload_bytes + costs["redis_entry_overhead_bytes"]
    waiting = peak * load.outage_seconds * entry / _GIB
    claims = load.events_per_second * load.dedupe_seconds * costs["redis_claim_bytes"] / _GIB
    by_cpu = math.ceil(peak * costs["redis_cpu_us"] / 1e6 / room.busy)
    by_memory = math.ceil((waiting + claims) / room.primary_gib)
    size = f"({load.payload_bytes:,.0f} + {entry - load.payload_bytes:,.0f}) bytes"
    return [
        Line(
            "Redis memory for what waits",
            waiting,
            "GiB",
            f"{peak:,.0f}/s x {load.outage_seconds:,.0f} s x {size}",
        ),
        Line(
            "Redis memory for dedupe claims",
            claims,
            "GiB",
            f"{load.events_per_second:,.0f}/s x {load.dedupe_seconds:,.0f} s x {costs['redis_claim_bytes']:,.0f} bytes",
        ),
        Line(
            "Redis primaries",
            max(by_cpu, by_memory),
            "",
            f"the greater of {by_cpu} by CPU ({peak:,.0f}/s x {costs['redis_cpu_us']:,.1f} µs ÷ {room.busy:g}) and"
            f" {by_memory} by memory ({waiting + claims:,.0f} GiB ÷ {room.primary_gib:g} GiB)",
        ),
    ]
