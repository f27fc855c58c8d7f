"""One look at the running system: lanes, workers, ingresses, the server. Reads only."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import redis
from redis.exceptions import ResponseError

from shared.lanes.intake import INTAKE_LANES
from workers.lanes.clock import redis_time_ms
from workers.lanes.reader import LaneReader
from workers.lanes.status import LaneStatus, lane_statuses
from workers.operations.monitoring import ingress_processes
from workers.operations.monitoring.ingress_processes import IngressProcess, SpoolState
from workers.runtime.lane_config import MEDIA_LANE
from workers.runtime.liveness import worker_status
from workers.runtime.liveness.worker_status import WorkerStatus


class RedisServer(NamedTuple):
    """The Redis server, as far as it says."""

    version: str
    memory: int  # bytes
    memory_limit: int  # bytes; 0: none
    policy: str  # what it does when that is reached
    appendonly: bool
    appendfsync: str  # empty: it does not tell
    writes_logged: bool  # its last write of the log went well
    replicas: int
    uptime_s: int


class Snapshot(NamedTuple):
    """Everything at one moment."""

    at_ms: int  # by the server's clock, since 1970
    lanes: list[LaneStatus]
    workers: list[WorkerStatus]
    ingresses: list[IngressProcess] | None  # None: no ingress ever said a word
    responses: dict[str, int]  # that were ever given, by HTTP status
    redis: RedisServer
    last_errors: Mapping[str, str]  # the last one of each lane in which anything failed and still is there

    @property
    def webhooks_taken(self) -> int:
        """Webhooks that were ever put into the intake lanes: what waits there and what left them."""
        return sum(
            lane.waiting + lane.in_flight + lane.retries + _count(lane, "done", "dead") - _count(lane, "replayed")
            for lane in self.lanes
            if lane.lane in INTAKE_LANES
        )

    @property
    def handled(self) -> int:
        """Runs of handlers that ever ended well."""
        return sum(_count(lane, "done") for lane in self.lanes if is_handler_lane(lane.lane))

    @property
    def errors(self) -> int:
        """Runs that ever ended in a retry or a dead letter."""
        return sum(_count(lane, "retry", "dead") for lane in self.lanes)

    @property
    def spools(self) -> list[SpoolState]:
        """Where webhooks wait that Redis did not take."""
        return ingress_processes.spools(self.ingresses or ())

    @property
    def lag_ms(self) -> int:
        """Age of the oldest event that is not handled, retries aside, the spool included."""
        ages = [lane.oldest_ms for lane in self.lanes if lane.oldest_ms is not None]
        ages += [self.at_ms - spool.since_ms for spool in self.spools if spool.since_ms]
        return max([0, *ages])


def is_handler_lane(lane: str) -> bool:
    """Whether it is a handler's lane, not one of Sluice's own steps before."""
    return lane not in INTAKE_LANES and lane != MEDIA_LANE


def take_snapshot(client: redis.Redis) -> Snapshot:
    """Raises RedisError."""
    at_ms = redis_time_ms(client)
    lanes = lane_statuses(client)
    return Snapshot(
        at_ms=at_ms,
        lanes=lanes,
        workers=worker_status.worker_statuses(client),
        ingresses=ingress_processes.ingress_processes(client),
        responses=ingress_processes.response_counts(client),
        redis=_server(client),
        last_errors=LaneReader(client).last_errors(lanes),
    )


def _server(client: redis.Redis) -> RedisServer:
    info: Any = client.info()
    return RedisServer(
        version=("Valkey " + info["valkey_version"]) if "valkey_version" in info else f"Redis {info['redis_version']}",
        memory=int(info["used_memory"]),
        memory_limit=int(info["maxmemory"]),
        policy=str(info["maxmemory_policy"]),
        appendonly=bool(info["aof_enabled"]),
        appendfsync=_appendfsync(client),
        writes_logged=info.get("aof_last_write_status", "ok") == "ok",
        replicas=int(info.get("connected_slaves", 0)),
        uptime_s=int(info["uptime_in_seconds"]),
    )


def _appendfsync(client: redis.Redis) -> str:
    try:
        told: Any = client.config_get("appendfsync")
    except ResponseError:  # managed servers keep CONFIG to themselves
        return ""
    return str(told.get("appendfsync", ""))


def _count(lane: LaneStatus, *what: str) -> int:
    return sum(lane.counts.get(name, 0) for name in what)
