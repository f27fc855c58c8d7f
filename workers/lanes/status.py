"""A look at the lanes: what waits, is held, will be retried, is dead. Reads only, a bounded amount a lane."""

from typing import Any, NamedTuple

import redis

from workers.lanes import keys as names
from workers.lanes.circuit_breaker import STATUS_FIELDS, BreakerStatus
from workers.lanes.keys import LANES_KEY

_NO_KEY = -2  # what PTTL answers for a key that is not there


class LaneStatus(NamedTuple):
    """One lane at one moment. Ages and times in milliseconds; None where there is nothing to tell."""

    lane: str
    queue: str
    waiting: int  # entries that nobody holds
    in_flight: int
    suspects: int  # of these: to be taken alone, since their last holder died or the breaker tries them
    retries: int
    dead: int
    oldest_ms: int | None  # age of the oldest entry that is not settled, retries aside
    next_retry_ms: int | None  # until the next retry is due; negative: overdue
    held: bool  # not to be drained now
    counts: dict[str, int]  # what ever happened in it
    paused: bool = False  # by a person
    breaker: BreakerStatus | None = None  # while it is open: its handler fails for everyone


class DeadLetter(NamedTuple):
    """An event that nothing more is tried with."""

    lane: str
    id: str
    why: str  # rejected, exhausted, poison or undecodable
    error: str
    trace: str
    attempts: int
    deaths: int
    at_ms: int  # when it died, since 1970
    data: bytes  # the entry as it was


def lane_statuses(client: redis.Redis) -> list[LaneStatus]:
    """Every known lane, by name. Raises RedisError."""
    known: Any = client.smembers(LANES_KEY)
    lanes = sorted(lane.decode() for lane in known)
    now = _now(client)
    return [_status(client, lane, now) for lane in lanes]


def dead_letter(client: redis.Redis, lane: str, identity: str) -> DeadLetter | None:
    """One dead letter. Raises RedisError, also for what is no id."""
    found: Any = client.xrange(f"{names.stream_key(lane)}:dead", identity, identity)
    return read_dead_letter(lane, *found[0]) if found else None


def _status(client: redis.Redis, lane: str, now: int) -> LaneStatus:
    base = names.stream_key(lane)
    pipe = client.pipeline(transaction=False)
    pipe.hget(f"{base}:spec", "queue")
    for stream in (base, names.suspects_key(lane)):
        pipe.xlen(stream)
        pipe.xpending(stream, names.CONSUMER_GROUP)
        pipe.xrange(stream, count=1)
    pipe.zcard(f"{base}:retry")
    pipe.zrange(f"{base}:retry", 0, 0, withscores=True)
    pipe.xlen(f"{base}:dead")
    pipe.pttl(f"{base}:hold")
    pipe.exists(names.paused_key(lane))
    pipe.hgetall(f"{base}:counts")
    pipe.hmget(f"{base}:breaker", STATUS_FIELDS)
    queue, length, held, first, alone, alone_held, alone_first, retries, due, dead, hold, paused, counts, breaker = (
        pipe.execute()
    )
    in_flight = _pending(held) + _pending(alone_held)
    starts = [int(entries[0][0].split(b"-")[0]) for entries in (first, alone_first) if entries]
    return LaneStatus(
        lane=lane,
        queue=(queue or b"").decode(),
        waiting=length + alone - in_flight,
        in_flight=in_flight,
        suspects=alone,
        retries=retries,
        dead=dead,
        oldest_ms=now - min(starts) if starts else None,
        next_retry_ms=round(due[0][1]) - now if due else None,
        held=hold != _NO_KEY or bool(paused),
        paused=bool(paused),
        breaker=BreakerStatus.from_redis(breaker, hold, now),
        counts={name.decode(): int(value) for name, value in counts.items()},
    )


def _pending(reply: Any) -> int:
    return int(reply["pending"])


def _now(client: redis.Redis) -> int:
    seconds, micros = client.time()
    return int(seconds) * 1000 + int(micros) // 1000


def read_dead_letter(lane: str, identity: bytes, fields: dict[bytes, bytes]) -> DeadLetter:
    """From an entry of a lane's dead stream."""

    def text(name: bytes) -> str:
        return fields.get(name, b"").decode("utf-8", "replace")

    return DeadLetter(
        lane=lane,
        id=identity.decode(),
        why=text(b"why"),
        error=text(b"e"),
        trace=text(b"t"),
        attempts=int(fields.get(b"a", 0)),
        deaths=int(fields.get(b"x", 0)),
        at_ms=int(fields.get(b"at", 0)),
        data=fields.get(b"d", b""),
    )
