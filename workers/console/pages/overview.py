"""The overview: whether everything works, and if not, what is wrong and since when."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from workers.console.charts import draw_chart, maximum, per_second
from workers.console.context import context_of
from workers.operations.monitoring.problem import Severity
from workers.operations.monitoring.sample import Sample
from workers.operations.monitoring.sample_history import RETENTION_SECONDS
from workers.operations.monitoring.sampler import MonitoringState
from workers.operations.monitoring.snapshot import Snapshot

#: Current rates are means over this time; a single sample is too short.
_RATE_WINDOW_SECONDS = 10.0
_MAX_LANES = 8


async def overview_page(request: Request) -> Response:
    """Show the overview; `/live/overview` updates its changing part."""
    console = context_of(request)
    return console.render(request, "overview.html", **overview_context(console.sampler.state))


def overview_context(state: MonitoringState) -> dict[str, Any]:
    """Return what the changing part shows. Pure."""
    samples = state.samples
    recent = [sample for sample in samples if sample.at > samples[-1].at - _RATE_WINDOW_SECONDS * 1000]
    context: dict[str, Any] = {
        "state": state,
        "snapshot": state.snapshot,
        "problems": [problem for problem in state.problems if problem.severity < Severity.NOTE],
        "notes": [problem for problem in state.problems if problem.severity == Severity.NOTE],
        "charts": {
            "taken": draw_chart(samples, per_second("taken"), RETENTION_SECONDS),
            "handled": draw_chart(samples, per_second("handled"), RETENTION_SECONDS),
            "lag": draw_chart(samples, maximum("lag", 0.001), RETENTION_SECONDS),
        },
        "rate_in": _rate(recent, "taken"),
        "rate_out": _rate(recent, "handled"),
        "responses": _responses(samples),
        "last_in_ms": next((sample.at for sample in reversed(samples) if sample.taken), None),
    }
    return context | (_totals(state.snapshot, samples) if state.snapshot else {})


def _totals(snapshot: Snapshot, samples: Sequence[Sample]) -> dict[str, Any]:
    lanes = snapshot.lanes
    retry_times = [lane.next_retry_ms for lane in lanes if lane.next_retry_ms is not None]
    waiting = sorted((lane for lane in lanes if lane.waiting), key=lambda lane: -lane.waiting)
    dead = sum(lane.dead for lane in lanes)
    return {
        "is_used": any(lane.counts for lane in lanes),
        "lag": snapshot.lag_ms / 1000,
        "waiting": sum(lane.waiting for lane in lanes),
        "in_flight": sum(lane.in_flight for lane in lanes),
        "retries": sum(lane.retries for lane in lanes),
        "next_retry": max(min(retry_times), 0) / 1000 if retry_times else None,
        "dead": dead,
        "new_dead": max(dead - samples[0].dead, 0) if samples else 0,
        "spooled": None if snapshot.ingresses is None else sum(spool.waiting_bytes for spool in snapshot.spools),
        "healthy_workers": [worker for worker in snapshot.workers if not worker.problem],
        "backlog": waiting[:_MAX_LANES],
        "more_backlog": len(waiting[_MAX_LANES:]),
        "max_waiting": max((lane.waiting for lane in waiting), default=0),
    }


def _rate(samples: Sequence[Sample], field: str) -> float | None:
    seconds = sum(sample.span for sample in samples)
    return sum(getattr(sample, field) for sample in samples) / seconds if seconds else None


def _responses(samples: Sequence[Sample]) -> list[tuple[str, int]] | None:
    """Return the ingress's responses of the last hour by HTTP status, or None if it published no statistics."""
    if all(sample.responses is None for sample in samples):
        return None
    total: Counter[str] = Counter()
    for sample in samples:
        total.update(sample.responses or {})
    return sorted(total.items())
