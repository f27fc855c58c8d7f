"""The lanes and how each is drained: a pure function of the settings and the registered handlers."""

import math
from typing import NamedTuple

from shared.lanes import intake
from shared.lanes.intake import INTAKE_LANES
from workers.handlers.queues import INTAKE, MEDIA, MESSAGES, QUEUES, STATUSES
from workers.handlers.registry import Handler, Registry
from workers.lanes import LaneSpec

#: The lane of events whose media metadata is to be fetched.
MEDIA_LANE = "media"

#: Seconds after which a drain makes way for other lanes. Short for statuses, so that messages get their turn.
_BUDGET = {STATUSES: 0.25, INTAKE: 0.25}
_DEFAULT_BUDGET = 1.0
#: Seconds between the end of a drain's budget and its hard limit, and from there to the end of its leases.
_MARGIN = 10.0


class LaneConfig(NamedTuple):
    """How one lane is drained."""

    spec: LaneSpec
    batch: int  # most entries of a take
    budget: float  # seconds after which nothing more is taken
    hard_limit: int  # seconds after which prefork kills the drain


def handler_name(lane: str) -> str:
    """Return the name of the lane's handler; empty for the intake lanes and the media lane."""
    return "" if lane in INTAKE_LANES or lane == MEDIA_LANE else lane.partition(".")[2]


def lane_configs(registry: Registry, *, media: bool) -> dict[str, LaneConfig]:
    """Return all lanes by name. `media`: whether media metadata is fetched."""
    lanes = [
        _lane(intake.INTAKE, INTAKE, batch=500, timeout=30),
        # Woken through the queue of statuses: classifying a campaign's statuses must not delay a message either.
        _lane(intake.INTAKE_STATUSES, STATUSES, batch=500, timeout=30),
        _lane(intake.INTAKE_LARGE, INTAKE, batch=8, timeout=30),
    ]
    if media:
        lanes.append(_lane(MEDIA_LANE, MEDIA, batch=100, timeout=30))
    lanes += [_handler_lane(handler) for handler in registry.handlers.values()]
    return {lane.spec.name: lane for lane in lanes}


def queues_by_priority(lanes: dict[str, LaneConfig]) -> list[str]:
    """Return all Celery queues by priority. Queues that handlers define come before the statuses."""
    custom = sorted({lane.spec.queue for lane in lanes.values()} - set(QUEUES))
    return [INTAKE, MESSAGES, MEDIA, *custom, STATUSES]


def _handler_lane(handler: Handler) -> LaneConfig:
    # A batch handler gets fewer, larger takes; single events are spread over all idle workers.
    return _lane(handler.lane, handler.queue, batch=500 if handler.batch else 100, timeout=handler.timeout)


def _lane(name: str, queue: str, *, batch: int, timeout: float) -> LaneConfig:
    budget = _BUDGET.get(queue, _DEFAULT_BUDGET)
    hard_limit = math.ceil(budget + timeout + _MARGIN)
    lease_ms = round((hard_limit + _MARGIN) * 1000)
    return LaneConfig(LaneSpec(name, queue, max(1, batch // 4), lease_ms), batch, budget, hard_limit)
