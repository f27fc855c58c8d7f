"""The whole sheet: what is told always, and what only while Redis answers."""

from importlib.metadata import version

import redis
from redis.exceptions import RedisError

from shared.observability import metrics
from workers.operations.metrics import counters, handling, incoming
from workers.operations.metrics.exposition import MetricsCollector
from workers.operations.monitoring.sampler import Sampler
from workers.operations.monitoring.snapshot import RedisServer, Snapshot, take_snapshot

_VERSION = version("sluice-webhooks")
_APPENDFSYNC_POLICIES = ("always", "everysec", "no")


def collect(client: redis.Redis, sampler: Sampler, *, has_store: bool) -> MetricsCollector:
    """All that there is to tell just now."""
    sheet = MetricsCollector()
    sheet.add_info(metrics.BUILD, _VERSION)
    if has_store:
        sheet.add(metrics.DATABASE_UP, not sampler.database_error)
    try:
        seen = _snapshot(client, sampler)
        counted = counters.read_counters(client, [lane.lane for lane in seen.lanes])
    except (RedisError, OSError):
        sheet.add(metrics.REDIS_UP, 0)
        return sheet
    sheet.add(metrics.REDIS_UP, 1)
    sheet.add(metrics.LOOK_AGE, max(counted.now_ms - seen.at_ms, 0) / 1000)
    incoming.add_intake_metrics(sheet, seen, counted)
    handling.add_handling_metrics(sheet, seen, counted)
    _server(sheet, seen.redis)
    return sheet


def _snapshot(client: redis.Redis, sampler: Sampler) -> Snapshot:
    """The sampler's, which is two seconds old at most. One of our own where it has none: at the start, or after it
    missed one."""
    state = sampler.state
    return state.snapshot if state.snapshot is not None and not state.outage else take_snapshot(client)


def _server(sheet: MetricsCollector, server: RedisServer) -> None:
    sheet.add(metrics.MEMORY_USED, server.memory)
    sheet.add(metrics.MEMORY_LIMIT, server.memory_limit)
    sheet.add(metrics.NOEVICTION, server.policy == "noeviction")
    sheet.add(metrics.AOF, server.appendonly)
    sheet.add(metrics.AOF_WRITTEN, server.writes_logged)
    for policy in _APPENDFSYNC_POLICIES if server.appendfsync else ():
        sheet.add(metrics.APPENDFSYNC, server.appendfsync == policy, policy)
    sheet.add(metrics.REPLICAS, server.replicas)
    sheet.add(metrics.UPTIME, server.uptime_s)
