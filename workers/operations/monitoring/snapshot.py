"""A snapshot of the running system: lanes, workers, ingress processes and Redis. Only reads."""

from collections.abc import Mapping
from typing import NamedTuple

import redis

from shared.lanes.intake import INTAKE_LANES
from workers.lanes.clock import redis_time_ms
from workers.lanes.reader import LaneReader
from workers.lanes.status import LaneStatus, lane_statuses
from workers.operations.monitoring import ingress_processes
from workers.operations.monitoring.ingress_processes import IngressProcess, SpoolState
from workers.operations.redis_info import RedisInfo, read_redis_info
from workers.runtime.lane_config import MEDIA_LANE
from workers.runtime.liveness import worker_status
from workers.runtime.liveness.worker_status import WorkerStatus


class Snapshot(NamedTuple):
    """The whole system at one moment. Totals count since Redis was empty."""

    at_ms: int  # Redis's time, since 1970
    lanes: list[LaneStatus]
    workers: list[WorkerStatus]
    ingresses: list[IngressProcess] | None  # None: no ingress has ever reported
    responses: dict[str, int]  # total, by HTTP status
    redis: RedisInfo
    last_errors: Mapping[str, str]  # by lane, for lanes with retries or dead letters

    @property
    def webhooks_taken(self) -> int:
        """Return the total of webhooks put into the intake lanes: what is there, and what has left them."""
        return sum(
            lane.waiting + lane.in_flight + lane.retries + _count(lane, "done", "dead") - _count(lane, "replayed")
            for lane in self.lanes
            if lane.lane in INTAKE_LANES
        )

    @property
    def handled(self) -> int:
        """Return the total of successful runs of handlers."""
        return sum(_count(lane, "done") for lane in self.lanes if is_handler_lane(lane.lane))

    @property
    def errors(self) -> int:
        """Return the total of runs that ended in a retry or a dead letter."""
        return sum(_count(lane, "retry", "dead") for lane in self.lanes)

    @property
    def spools(self) -> list[SpoolState]:
        """Return the spools of all ingress processes."""
        return ingress_processes.spools(self.ingresses or ())

    @property
    def lag_ms(self) -> int:
        """Return the age of the oldest unhandled event, retries aside, the spools included."""
        ages = [lane.oldest_ms for lane in self.lanes if lane.oldest_ms is not None]
        ages += [self.at_ms - spool.since_ms for spool in self.spools if spool.since_ms]
        return max([0, *ages])


def is_handler_lane(lane: str) -> bool:
    """Return whether a handler drains the lane, not one of Sluice's own steps before it."""
    return lane not in INTAKE_LANES and lane != MEDIA_LANE


def take_snapshot(client: redis.Redis) -> Snapshot:
    """Read the state of the whole system from Redis. Raises RedisError."""
    at_ms = redis_time_ms(client)
    lanes = lane_statuses(client)
    return Snapshot(
        at_ms=at_ms,
        lanes=lanes,
        workers=worker_status.worker_statuses(client),
        ingresses=ingress_processes.ingress_processes(client),
        responses=ingress_processes.response_counts(client),
        redis=read_redis_info(client),
        last_errors=LaneReader(client).last_errors(lanes),
    )


def _count(lane: LaneStatus, *names: str) -> int:
    return sum(lane.counts.get(name, 0) for name in names)
