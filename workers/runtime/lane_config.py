"""Which lanes there are, and how each is run: pure, from the settings and the registered handlers."""

import math
from typing import NamedTuple

from shared.lanes import intake
from shared.lanes.intake import INTAKE_LANES
from workers.handlers.queues import FAMILIES, INTAKE, MEDIA, STATUSES
from workers.handlers.registry import Handler, Registry
from workers.lanes import LaneSpec

#: The lane of events whose media metadata is to be fetched.
MEDIA_LANE = "media"

#: Seconds after which a drain leaves its place to others. Short for statuses, so that messages get theirs.
_BUDGET = {STATUSES: 0.25, INTAKE: 0.25}
_BUDGET_ELSEWHERE = 1.0
#: Seconds between the end of a drain's budget and its hard limit, and from there to the end of its leases.
_MARGIN = 10.0


class LaneConfig(NamedTuple):
    """How one lane is drained."""

    spec: LaneSpec
    batch: int  # entries taken at once, at most
    budget: float  # seconds after which nothing more is taken
    hard_limit: int  # seconds after which prefork kills the drain


def handler_name(lane: str) -> str:
    """The name of the handler whose lane it is; empty for Sluice's own steps before."""
    return "" if lane in INTAKE_LANES or lane == MEDIA_LANE else lane.partition(".")[2]


def lane_configs(registry: Registry, *, media: bool) -> dict[str, LaneConfig]:
    """All lanes by name. `media`: whether metadata is fetched."""
    lanes = [
        _lane(intake.INTAKE, INTAKE, batch=500, timeout=30),
        # Their wake-ups go to the statuses' queue: classifying a campaign must not keep a message waiting either.
        _lane(intake.INTAKE_STATUSES, STATUSES, batch=500, timeout=30),
        _lane(intake.INTAKE_LARGE, INTAKE, batch=8, timeout=30),
    ]
    if media:
        lanes.append(_lane(MEDIA_LANE, MEDIA, batch=100, timeout=30))
    lanes += [_handler_lane(found) for found in registry.handlers.values()]
    return {lane.spec.name: lane for lane in lanes}


def queues_by_priority(lanes: dict[str, LaneConfig]) -> list[str]:
    """Every Celery queue, in the order of its priority: a handler's own ones go before the statuses."""
    own = sorted({lane.spec.queue for lane in lanes.values()} - set(FAMILIES))
    return [INTAKE, "messages", MEDIA, *own, STATUSES]


def _handler_lane(found: Handler) -> LaneConfig:
    # A batch handler deserves fewer, larger drains; single events are spread over all idle workers.
    return _lane(found.lane, found.queue, batch=500 if found.batch else 100, timeout=found.timeout)


def _lane(name: str, queue: str, *, batch: int, timeout: float) -> LaneConfig:
    budget = _BUDGET.get(queue, _BUDGET_ELSEWHERE)
    hard_limit = math.ceil(budget + timeout + _MARGIN)
    grain = max(1, batch // 4)
    return LaneConfig(LaneSpec(name, queue, grain, round((hard_limit + _MARGIN) * 1000)), batch, budget, hard_limit)
