"""The first page: is all well, and if not, what is wrong since when."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from workers.console.charts import chart, max_rate, rate
from workers.console.context import context_of
from workers.operations.monitoring.problem import Severity
from workers.operations.monitoring.sample import Sample
from workers.operations.monitoring.sample_history import RETENTION_SECONDS
from workers.operations.monitoring.sampler import MonitoringState
from workers.operations.monitoring.snapshot import Snapshot

#: Seconds over which "now" is taken: a single look is too short to tell a rate.
_NOW = 10.0
_MAX_LANES = 8


async def page(request: Request) -> Response:
    """The whole page; what is live in it is renewed by `/live/overview`."""
    here = context_of(request)
    return here.render(request, "overview.html", **shown(here.sampler.state))


def shown(state: MonitoringState) -> dict[str, Any]:
    """What the page's live part shows. Pure."""
    wrong = [trouble for trouble in state.problems if trouble.severity < Severity.NOTE]
    notes = [trouble for trouble in state.problems if trouble.severity == Severity.NOTE]
    hour = {
        "taken": chart(state.samples, rate("taken"), RETENTION_SECONDS),
        "handled": chart(state.samples, rate("handled"), RETENTION_SECONDS),
        "lag": chart(state.samples, max_rate("lag", 0.001), RETENTION_SECONDS),
    }
    now = _latest(state.samples)
    common: dict[str, Any] = {"state": state, "look": state.snapshot, "wrong": wrong, "notes": notes, "hour": hour}
    common |= {"rate_in": _rate(now, "taken"), "rate_out": _rate(now, "handled"), "answers": _answers(state.samples)}
    common |= {"last_in_ms": next((sample.at for sample in reversed(state.samples) if sample.taken), None)}
    return common | (_standing(state.snapshot, state.samples) if state.snapshot else {})


def _standing(look: Snapshot, samples: Sequence[Sample]) -> dict[str, Any]:
    lanes = look.lanes
    due = [lane.next_retry_ms for lane in lanes if lane.next_retry_ms is not None]
    busy = sorted((lane for lane in lanes if lane.waiting), key=lambda lane: -lane.waiting)
    dead = sum(lane.dead for lane in lanes)
    return {
        "anything": any(lane.counts for lane in lanes),
        "lag": look.lag_ms / 1000,
        "waiting": sum(lane.waiting for lane in lanes),
        "in_flight": sum(lane.in_flight for lane in lanes),
        "retries": sum(lane.retries for lane in lanes),
        "next_retry": max(min(due), 0) / 1000 if due else None,
        "dead": dead,
        "newly_dead": max(dead - samples[0].dead, 0) if samples else 0,
        "spooled": None if look.ingresses is None else sum(spool.waiting_bytes for spool in look.spools),
        "alive": [worker for worker in look.workers if not worker.problem],
        "busy": busy[:_MAX_LANES],
        "more_busy": len(busy[_MAX_LANES:]),
        "most_waiting": max((lane.waiting for lane in busy), default=0),
    }


def _latest(samples: Sequence[Sample]) -> list[Sample]:
    return [sample for sample in samples if sample.at > samples[-1].at - _NOW * 1000]


def _rate(samples: list[Sample], field: str) -> float | None:
    seconds = sum(sample.span for sample in samples)
    return sum(getattr(sample, field) for sample in samples) / seconds if seconds else None


def _answers(samples: Sequence[Sample]) -> list[tuple[str, int]] | None:
    """By HTTP status over the last hour; None where the ingress never told."""
    if all(sample.answers is None for sample in samples):
        return None
    total: Counter[str] = Counter()
    for sample in samples:
        total.update(sample.answers or {})
    return sorted(total.items())
