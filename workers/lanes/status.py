"""The status of the lanes at one moment: what waits, is in flight, will be retried, is dead.

Only reads, a bounded amount per lane.
"""

from typing import Any, NamedTuple

import redis

from workers.lanes.circuit_breaker import STATUS_FIELDS, BreakerStatus
from workers.lanes.clock import redis_time_ms
from workers.lanes.keys import (
    CONSUMER_GROUP,
    LANES_KEY,
    breaker_key,
    counts_key,
    dead_letters_key,
    hold_key,
    paused_key,
    retries_key,
    spec_key,
    stream_key,
    suspects_key,
)

_NO_KEY = -2  # PTTL's reply for a key that does not exist


class LaneStatus(NamedTuple):
    """One lane at one moment. Ages and times in milliseconds; None if there is no such entry."""

    lane: str
    queue: str
    waiting: int  # entries that no worker holds
    in_flight: int
    suspects: int  # of these, entries to be taken alone: their last holder died, or the circuit breaker tries them
    retries: int
    dead: int
    oldest_ms: int | None  # age of the oldest unsettled entry, retries aside
    next_retry_ms: int | None  # until the next retry is due; negative: overdue
    held: bool  # must not be drained now
    counts: dict[str, int]  # what has happened in it since it was created
    paused: bool = False  # by a person
    breaker: BreakerStatus | None = None  # while it is open: the handler fails for every event


def lane_statuses(client: redis.Redis) -> list[LaneStatus]:
    """Return the status of every registered lane, sorted by name. Raises RedisError."""
    names: Any = client.smembers(LANES_KEY)
    now = redis_time_ms(client)
    return [_status(client, lane, now) for lane in sorted(name.decode() for name in names)]


def _status(client: redis.Redis, lane: str, now: int) -> LaneStatus:
    pipe = client.pipeline(transaction=False)
    pipe.hget(spec_key(lane), "queue")
    for stream in (stream_key(lane), suspects_key(lane)):
        pipe.xlen(stream)
        pipe.xpending(stream, CONSUMER_GROUP)
        pipe.xrange(stream, count=1)
    pipe.zcard(retries_key(lane))
    pipe.zrange(retries_key(lane), 0, 0, withscores=True)
    pipe.xlen(dead_letters_key(lane))
    pipe.pttl(hold_key(lane))
    pipe.exists(paused_key(lane))
    pipe.hgetall(counts_key(lane))
    pipe.hmget(breaker_key(lane), STATUS_FIELDS)
    queue, length, held, first, alone, alone_held, alone_first, retries, due, dead, hold, paused, counts, breaker = (
        pipe.execute()
    )
    in_flight = int(held["pending"]) + int(alone_held["pending"])
    pushed_ms = [int(entries[0][0].split(b"-")[0]) for entries in (first, alone_first) if entries]
    return LaneStatus(
        lane=lane,
        queue=(queue or b"").decode(),
        waiting=length + alone - in_flight,
        in_flight=in_flight,
        suspects=alone,
        retries=retries,
        dead=dead,
        oldest_ms=now - min(pushed_ms) if pushed_ms else None,
        next_retry_ms=round(due[0][1]) - now if due else None,
        held=hold != _NO_KEY or bool(paused),
        paused=bool(paused),
        breaker=BreakerStatus.from_redis(breaker, hold, now),
        counts={name.decode(): int(value) for name, value in counts.items()},
    )
