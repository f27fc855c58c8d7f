"""A sample: what happened between two looks, in a few numbers. An hour of them is what the charts show. Pure."""

import msgspec

from workers.operations.monitoring.problem import Problem
from workers.operations.monitoring.snapshot import Snapshot


class Sample(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What happened from the look before to this one, and what stood then."""

    at: int  # ms since 1970
    span: float  # seconds since the look before
    taken: int = 0  # webhooks that came in
    handled: int = 0
    errors: int = 0
    answers: dict[str, int] | None = None  # by HTTP status; None: the ingress does not tell
    lag: int = 0  # ms
    waiting: int = 0
    dead: int = 0
    troubles: dict[str, int] = {}  # what was wrong, by code, and since when (ms since 1970)


def make_sample(before: Snapshot, now: Snapshot, troubles: list[Problem]) -> Sample:
    """What became of the system between two looks. A counter that fell was begun anew: it tells what it holds."""
    answers = _increases(before.responses, now.responses) if now.ingresses is not None else None
    good = sum(count for code, count in (answers or {}).items() if code.startswith("2"))
    return Sample(
        at=now.at_ms,
        span=max((now.at_ms - before.at_ms) / 1000, 0.001),
        taken=good if answers is not None else max(now.webhooks_taken - before.webhooks_taken, 0),
        handled=_increase(before.handled, now.handled),
        errors=_increase(before.errors, now.errors),
        answers=answers,
        lag=now.lag_ms,
        waiting=sum(lane.waiting for lane in now.lanes),
        dead=sum(lane.dead for lane in now.lanes),
        troubles={found.code: found.since_ms for found in troubles},
    )


def _increases(before: dict[str, int], now: dict[str, int]) -> dict[str, int]:
    grown = {code: _increase(before.get(code, 0), count) for code, count in now.items()}
    return {code: count for code, count in grown.items() if count}


def _increase(before: int, now: int) -> int:
    return now - before if now >= before else now
