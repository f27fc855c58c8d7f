"""A sample: what happened between two snapshots, in a few numbers. The charts show an hour of them. Pure."""

import msgspec

from workers.operations.monitoring.problem import Problem
from workers.operations.monitoring.snapshot import Snapshot

#: The names in Redis of fields that are called differently here.
_STORED_NAMES = {"responses": "answers", "problems": "troubles"}


class Sample(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename=_STORED_NAMES):
    """What happened between the snapshot before and this one, and the state at this one.

    The stored names are part of the record format in Redis, which consoles of other versions read.
    """

    at: int  # ms since 1970
    span: float  # seconds since the snapshot before
    taken: int = 0  # webhooks received
    handled: int = 0
    errors: int = 0
    responses: dict[str, int] | None = None  # responses by HTTP status; None: the ingress does not report
    lag: int = 0  # ms
    waiting: int = 0
    dead: int = 0
    problems: dict[str, int] = {}  # problems: since when (ms since 1970), by code


def make_sample(before: Snapshot, now: Snapshot, problems: list[Problem]) -> Sample:
    """Return the sample between two snapshots. A counter that fell has restarted from 0."""
    responses = _increases(before.responses, now.responses) if now.ingresses is not None else None
    accepted = sum(count for status, count in (responses or {}).items() if status.startswith("2"))
    return Sample(
        at=now.at_ms,
        span=max((now.at_ms - before.at_ms) / 1000, 0.001),
        taken=accepted if responses is not None else max(now.webhooks_taken - before.webhooks_taken, 0),
        handled=_increase(before.handled, now.handled),
        errors=_increase(before.errors, now.errors),
        responses=responses,
        lag=now.lag_ms,
        waiting=sum(lane.waiting for lane in now.lanes),
        dead=sum(lane.dead for lane in now.lanes),
        problems={problem.code: problem.since_ms for problem in problems},
    )


def _increases(before: dict[str, int], now: dict[str, int]) -> dict[str, int]:
    increases = {name: _increase(before.get(name, 0), count) for name, count in now.items()}
    return {name: increase for name, increase in increases.items() if increase}


def _increase(before: int, now: int) -> int:
    return now - before if now >= before else now
