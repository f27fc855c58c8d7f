"""The one table of targets, as data. A figure that has a target has its name."""

from typing import NamedTuple


class Target(NamedTuple):
    """One figure of the bench and what it should be."""

    name: str
    what: str  # for people
    unit: str
    at_least: float  # `at most`, where smaller is better
    aim: float
    computed: str  # from which rounds, and how
    smaller_is_better: bool = False
    is_guarded: bool = True  # the short run fails where it is below half


_BY_ROUND = "median of the rounds' ratios"

TARGETS: tuple[Target, ...] = (
    Target(
        "ingress-of-bare",
        "acknowledged webhooks/s ÷ bare ASGI application's",
        "x",
        0.60,
        0.80,
        f"one core, appendfsync always, 64 connections, wrk; {_BY_ROUND}",
    ),
    Target(
        "ingress-of-fastapi",
        "acknowledged webhooks/s ÷ FastAPI + Celery delay()'s",
        "x",
        15,
        25,
        f"as above; {_BY_ROUND}",
    ),
    Target(
        "p99-of-bare",
        "p99 latency at half the maximum rate ÷ bare ASGI application's",
        "x",
        3,
        1.5,
        f"half of Sluice's maximum, sent on schedule, latency from the scheduled time; {_BY_ROUND}",
        smaller_is_better=True,
        # On two cores Redis shares one with the load, and its syncs wait for the disk: p99 is theirs.
        is_guarded=False,
    ),
    Target(
        "backlog-of-celery",
        "backlog of mixed events into rows, events/s ÷ Celery's",
        "x",
        12,
        30,
        f"from the first events stored to the last; {_BY_ROUND}",
    ),
    Target(
        "backlog-of-bulk",
        "the same ÷ bulk insert of the same rows",
        "x",
        0.25,
        0.5,
        f"the rows of the same events by multi-row upserts over two connections; {_BY_ROUND}",
    ),
    Target(
        "end-to-end-of-celery",
        "from POST to rows, events/s ÷ FastAPI + Celery's",
        "x",
        15,
        40,
        f"everything and the load on two cores, from the first POST to the last row; {_BY_ROUND}",
    ),
    Target(
        "redis-memory",
        "Redis memory per waiting event ÷ its size",
        "x",
        1.5,
        1.2,
        "growth of used_memory ÷ bytes of the bodies, mixed webhooks waiting to be classified",
        smaller_is_better=True,
    ),
    Target(
        "redis-cpu",
        "CPU of Redis's commands per event, all lanes",
        "µs",
        30,
        10,
        "INFO commandstats from POST to row, Redis alone on a core: scripts, and the commands outside of them",
        smaller_is_better=True,
    ),
    Target(
        "idle-p50",
        "POST → row when idle, p50",
        "ms",
        15,
        6,
        "text messages one at a time, from before the POST until a query sees the row",
        smaller_is_better=True,
    ),
    Target("idle-p99", "POST → row when idle, p99", "ms", 60, 20, "as above", smaller_is_better=True),
    Target(
        "text-behind-statuses",
        "text message, POST → row while statuses wait, p99",
        "ms",
        1000,
        200,
        "the statuses' intake lane is kept full all the while",
        smaller_is_better=True,
    ),
    Target(
        "slow-handlers",
        "slow handlers: concurrency ÷ the ideal",
        "x",
        0.80,
        0.95,
        "50 ms of waiting each, threads pool: events/s x 50 ms ÷ threads, from 10 to 90 % of the events",
    ),
    Target(
        "depth",
        "cost per event at a deep backlog ÷ at 1,000",
        "x",
        1.2,
        1.0,
        f"CPU of workers and Redis an event while the backlog is kept at that depth; {_BY_ROUND}",
        smaller_is_better=True,
    ),
    Target(
        "two-workers",
        "throughput of two worker processes ÷ one",
        "x",
        1.7,
        1.9,
        f"events/s of a handler that computes for 4 ms, no database, prefork -c 2 and -c 1; {_BY_ROUND}",
    ),
    Target(
        "ingress-memory",
        "ingress memory at the end of full load ÷ after 10 s",
        "x",
        1.1,
        1.0,
        "10 minutes (--short: 20 s) of mixed webhooks as fast as they are acknowledged",
        smaller_is_better=True,
    ),
)

BY_NAME = {target.name: target for target in TARGETS}
