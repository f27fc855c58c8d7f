"""Collect the metrics of the whole system: some always, the others only while Redis answers."""

from importlib.metadata import version

import redis
from redis.exceptions import RedisError

from shared.observability import metrics
from workers.operations.metrics import counters, handling, incoming
from workers.operations.metrics.exposition import MetricsCollector
from workers.operations.monitoring.sampler import Sampler
from workers.operations.monitoring.snapshot import Snapshot, take_snapshot
from workers.operations.redis_info import RedisInfo

_VERSION = version("sluice-webhooks")
_APPENDFSYNC_POLICIES = ("always", "everysec", "no")


def collect(client: redis.Redis, sampler: Sampler, *, has_store: bool) -> MetricsCollector:
    """Return the current metrics. Never raises for Redis: while it does not answer, most of them are left out."""
    collector = MetricsCollector()
    collector.add_info(metrics.BUILD, _VERSION)
    if has_store:
        collector.add(metrics.DATABASE_UP, not sampler.database_error)
    try:
        snapshot = _snapshot(client, sampler)
        counted = counters.read_counters(client, [lane.lane for lane in snapshot.lanes])
    except (RedisError, OSError):
        collector.add(metrics.REDIS_UP, 0)
        return collector
    collector.add(metrics.REDIS_UP, 1)
    collector.add(metrics.LOOK_AGE, max(counted.now_ms - snapshot.at_ms, 0) / 1000)
    incoming.add_intake_metrics(collector, snapshot, counted)
    handling.add_handling_metrics(collector, snapshot, counted)
    _add_redis(collector, snapshot.redis)
    return collector


def _snapshot(client: redis.Redis, sampler: Sampler) -> Snapshot:
    """Return the sampler's snapshot, at most two seconds old, or a new one if the sampler has no current one."""
    state = sampler.state
    return state.snapshot if state.snapshot is not None and not state.outage else take_snapshot(client)


def _add_redis(collector: MetricsCollector, info: RedisInfo) -> None:
    collector.add(metrics.MEMORY_USED, info.used_memory)
    collector.add(metrics.MEMORY_LIMIT, info.maxmemory)
    collector.add(metrics.NOEVICTION, info.maxmemory_policy == "noeviction")
    collector.add(metrics.AOF, info.appendonly)
    collector.add(metrics.AOF_WRITTEN, info.aof_last_write_ok)
    for policy in _APPENDFSYNC_POLICIES if info.appendfsync else ():
        collector.add(metrics.APPENDFSYNC, info.appendfsync == policy, policy)
    collector.add(metrics.REPLICAS, info.connected_replicas)
    collector.add(metrics.UPTIME, info.uptime_seconds)
