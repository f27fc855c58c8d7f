"""The lanes: what waits where, how fast it goes, and pausing."""

from typing import Any, NamedTuple

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from workers.console.context import ConsoleContext, context_of
from workers.console.forms import text
from workers.console.pages.sign_in import local
from workers.lanes.client import pause_lane, resume_lane
from workers.lanes.reader import LaneReader
from workers.lanes.status import LaneStatus
from workers.operations import audit_log
from workers.operations.audit_log import Actor
from workers.operations.monitoring.sampler import LaneRate, MonitoringState
from workers.operations.scheduled_retries import RetrySchedule, retry_schedule

_STILL = LaneRate(0.0, 0.0)


class Row(NamedTuple):
    """A lane and how fast it goes."""

    lane: LaneStatus
    rate: LaneRate

    @property
    def wants_attention(self) -> bool:
        """Whether somebody should look at it: it is stuck, or something failed."""
        lane = self.lane
        return bool(lane.paused or lane.breaker is not None or lane.held or lane.retries or lane.dead)

    @property
    def state(self) -> str:
        """One word."""
        if self.lane.paused:
            return "paused"
        if self.lane.breaker is not None:
            return "breaker open"
        if self.lane.held:
            return "held"
        if self.lane.waiting or self.lane.in_flight:
            return "working"
        return "retrying" if self.lane.retries else "idle"


async def page(request: Request) -> Response:
    """All lanes that anything ever happened in, or all."""
    here = context_of(request)
    everything = request.query_params.get("all") == "1"
    return here.render(request, "lanes.html", **(shown_all if everything else shown)(here.sampler.state))


async def one(request: Request) -> Response:
    """One lane: its figures, its breaker, its next retries."""
    here, name = context_of(request), request.path_params["lane"]
    return here.render(request, "lane.html", **await shown_one(here, name))


async def pause(request: Request, fields: FormData) -> Response:
    """Nothing more is taken from the lane until it is resumed."""
    here, name = context_of(request), request.path_params["lane"]
    await _check(request)
    await here.run_redis(pause_lane, here.redis, name)
    return await _done(request, fields, "paused", f"{name} is paused: its events wait until you resume it.")


async def resume(request: Request, fields: FormData) -> Response:
    """The lane is handled again."""
    here, name = context_of(request), request.path_params["lane"]
    await _check(request)
    was = await here.run_redis(resume_lane, here.redis, name)
    return await _done(request, fields, "resumed", f"{name} is handled again." if was else f"{name} was not paused.")


def shown(state: MonitoringState) -> dict[str, Any]:
    """What the table shows, quiet lanes left out. Pure."""
    found = rows(state)
    busy = [row for row in found if _is_busy(row.lane)]
    return {"rows": busy, "quiet": len(found) - len(busy), "all": False, "state": state}


def shown_all(state: MonitoringState) -> dict[str, Any]:
    """The same with all lanes. Pure."""
    return {"rows": rows(state), "quiet": 0, "all": True, "state": state}


async def shown_one(here: ConsoleContext, name: str) -> dict[str, Any]:
    """What the page of one lane shows. Raises HTTPException 404, RedisError."""
    state = here.sampler.state
    found = [row for row in rows(state) if row.lane.lane == name]
    if not found:
        raise HTTPException(404, f"There is no lane {name}.")
    due: RetrySchedule = await here.run_redis(retry_schedule, here.redis, name)
    return {"row": found[0], "state": state, "due": due}


def rows(state: MonitoringState) -> list[Row]:
    """Each lane with its rates, first those that somebody should look at. Pure."""
    found = [Row(lane, state.rates.get(lane.lane, _STILL)) for lane in state.snapshot.lanes] if state.snapshot else []
    return sorted(found, key=lambda row: (not row.wants_attention, row.lane.lane))


def _is_busy(lane: LaneStatus) -> bool:
    return bool(lane.waiting or lane.in_flight or lane.retries or lane.dead or lane.counts or lane.held)


async def _check(request: Request) -> None:
    name = request.path_params["lane"]
    here = context_of(request)
    if not await here.run_redis(LaneReader(here.redis).exists, name):
        raise HTTPException(404, f"There is no lane {name}.")


async def _done(request: Request, fields: FormData, what: str, said: str) -> Response:
    here, name = context_of(request), request.path_params["lane"]
    await here.run_redis(audit_log.record, here.redis, Actor.of(request), what, name)
    await here.run_redis(here.sampler.refresh)  # so that the page shows it already
    target = local(text(fields, "next"))
    return RedirectResponse(here.with_flash(target, {"text": said}), 303)
