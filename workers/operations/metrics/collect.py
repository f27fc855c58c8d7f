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
_POLICIES = ("always", "everysec", "no")


def collect(client: redis.Redis, sampler: Sampler, *, has_store: bool) -> MetricsCollector:
    """All that there is to tell just now."""
    sheet = MetricsCollector()
    sheet.info(metrics.BUILD, _VERSION)
    if has_store:
        sheet.write(metrics.DATABASE_UP, not sampler.database_away)
    try:
        seen = _look(client, sampler)
        counted = counters.read_counters(client, [lane.lane for lane in seen.lanes])
    except (RedisError, OSError):
        sheet.write(metrics.REDIS_UP, 0)
        return sheet
    sheet.write(metrics.REDIS_UP, 1)
    sheet.write(metrics.LOOK_AGE, max(counted.now_ms - seen.at_ms, 0) / 1000)
    incoming.write(sheet, seen, counted)
    handling.write(sheet, seen, counted)
    _server(sheet, seen.server)
    return sheet


def _look(client: redis.Redis, sampler: Sampler) -> Snapshot:
    """The sampler's, which is two seconds old at most. One of our own where it has none: at the start, or after it
    missed one."""
    state = sampler.state
    return state.look if state.look is not None and not state.away else take_snapshot(client)


def _server(sheet: MetricsCollector, server: RedisServer) -> None:
    sheet.write(metrics.MEMORY_USED, server.memory)
    sheet.write(metrics.MEMORY_LIMIT, server.memory_limit)
    sheet.write(metrics.NOEVICTION, server.policy == "noeviction")
    sheet.write(metrics.AOF, server.appendonly)
    sheet.write(metrics.AOF_WRITTEN, server.writes_logged)
    for policy in _POLICIES if server.appendfsync else ():
        sheet.write(metrics.APPENDFSYNC, server.appendfsync == policy, policy)
    sheet.write(metrics.REPLICAS, server.replicas)
    sheet.write(metrics.UPTIME, server.uptime_s)
