"""The lanes: their backlog, rates and retries, and pausing them."""

from typing import Any, NamedTuple

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from workers.console.context import ConsoleContext, context_of
from workers.console.forms import field_value, local_target
from workers.lanes.client import pause_lane, resume_lane
from workers.lanes.reader import LaneReader
from workers.lanes.status import LaneStatus
from workers.operations.monitoring.sampler import LaneRate, MonitoringState
from workers.operations.scheduled_retries import RetrySchedule, retry_schedule

_NO_RATE = LaneRate(0.0, 0.0)


class LaneRow(NamedTuple):
    """A lane with its rates."""

    lane: LaneStatus
    rate: LaneRate

    @property
    def needs_attention(self) -> bool:
        """Return whether the lane is stuck or something failed in it."""
        lane = self.lane
        return bool(lane.paused or lane.breaker is not None or lane.held or lane.retries or lane.dead)

    @property
    def state(self) -> str:
        """Return the lane's state as a short label."""
        if self.lane.paused:
            return "paused"
        if self.lane.breaker is not None:
            return "breaker open"
        if self.lane.held:
            return "held"
        if self.lane.waiting or self.lane.in_flight:
            return "working"
        return "retrying" if self.lane.retries else "idle"


async def lanes_page(request: Request) -> Response:
    """Show the lanes in use, or all lanes."""
    console = context_of(request)
    lanes_context = all_lanes_context if request.query_params.get("all") == "1" else used_lanes_context
    return console.render(request, "lanes.html", **lanes_context(console.sampler.state))


async def lane_page(request: Request) -> Response:
    """Show one lane: its figures, circuit breaker and next retries."""
    console, name = context_of(request), request.path_params["lane"]
    return console.render(request, "lane.html", **await lane_context(console, name))


async def pause(request: Request, fields: FormData) -> Response:
    """Pause a lane: workers take nothing from it until it is resumed."""
    console, name = context_of(request), request.path_params["lane"]
    await _require_lane(request)
    await console.run_redis(pause_lane, console.redis, name)
    return await _redirect_back(request, fields, "paused", f"{name} is paused: its events wait until you resume it.")


async def resume(request: Request, fields: FormData) -> Response:
    """Resume a paused lane."""
    console, name = context_of(request), request.path_params["lane"]
    await _require_lane(request)
    was_paused = await console.run_redis(resume_lane, console.redis, name)
    text = f"{name} is running again." if was_paused else f"{name} was not paused."
    return await _redirect_back(request, fields, "resumed", text)


def used_lanes_context(state: MonitoringState) -> dict[str, Any]:
    """Return what the table of lanes shows, without unused lanes. Pure."""
    rows = lane_rows(state)
    used = [row for row in rows if _is_used(row.lane)]
    return {"rows": used, "unused": len(rows) - len(used), "all": False, "state": state}


def all_lanes_context(state: MonitoringState) -> dict[str, Any]:
    """Return what the table shows with all lanes. Pure."""
    return {"rows": lane_rows(state), "unused": 0, "all": True, "state": state}


async def lane_context(console: ConsoleContext, name: str) -> dict[str, Any]:
    """Return what the page of one lane shows. Raises HTTPException (404) and RedisError."""
    state = console.sampler.state
    row = next((row for row in lane_rows(state) if row.lane.lane == name), None)
    if row is None:
        raise HTTPException(404, f"There is no lane {name}.")
    schedule: RetrySchedule = await console.run_redis(retry_schedule, console.redis, name)
    return {"row": row, "state": state, "schedule": schedule}


def lane_rows(state: MonitoringState) -> list[LaneRow]:
    """Return all lanes with their rates, those that need attention first. Pure."""
    lanes = state.snapshot.lanes if state.snapshot else []
    rows = [LaneRow(lane, state.rates.get(lane.lane, _NO_RATE)) for lane in lanes]
    return sorted(rows, key=lambda row: (not row.needs_attention, row.lane.lane))


def _is_used(lane: LaneStatus) -> bool:
    return bool(lane.waiting or lane.in_flight or lane.retries or lane.dead or lane.counts or lane.held)


async def _require_lane(request: Request) -> None:
    console, name = context_of(request), request.path_params["lane"]
    if not await console.run_redis(LaneReader(console.redis).exists, name):
        raise HTTPException(404, f"There is no lane {name}.")


async def _redirect_back(request: Request, fields: FormData, action: str, text: str) -> Response:
    console = context_of(request)
    await console.record_action(request, action, request.path_params["lane"])
    await console.run_redis(console.sampler.refresh)  # so that the page shows the change
    return RedirectResponse(console.with_flash(local_target(field_value(fields, "next")), {"text": text}), 303)
