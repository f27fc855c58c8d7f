"""Retries of a lane that come next, as its sorted set holds them (settle.lua writes it, tick.lua reads it)."""

from datetime import datetime
from typing import Any, NamedTuple

import orjson
import redis

from workers.lanes import keys as names
from workers.operations.format import datetime_from_ms
from workers.runtime.event_entry import InvalidEntry, unpack

#: Until when (s from now) retries are counted together.
_TERMS = (("within a minute", 60), ("within 10 minutes", 600), ("within an hour", 3600))


class ScheduledRetry(NamedTuple):
    """One retry."""

    due: datetime | None
    attempts: int  # made so far
    error: str  # of the last
    type: str  # of the event; empty for a webhook that is not classified yet
    key: str


class RetrySchedule(NamedTuple):
    """The retries of a lane."""

    terms: tuple[tuple[str, int], ...]  # in words when, and how many then
    next: tuple[ScheduledRetry, ...]


def retry_schedule(client: redis.Redis, lane: str, most: int = 20) -> RetrySchedule:
    """When how many are due, and the next ones. Raises RedisError."""
    key, now = f"{names.stream_key(lane)}:retry", _now_ms(client)
    ends = [str(now + seconds * 1000) for _, seconds in _TERMS]
    pipe = client.pipeline(transaction=True)
    for begin, end in zip(("-inf", *(f"({end}" for end in ends)), (*ends, "+inf"), strict=True):
        pipe.zcount(key, begin, end)
    pipe.zrange(key, 0, most - 1, withscores=True)
    *counts, found = pipe.execute()
    terms = zip((*(term for term, _ in _TERMS), "later"), counts, strict=True)
    return RetrySchedule(
        tuple(term for term in terms if term[1]), tuple(parse_scheduled_retry(member, due) for member, due in found)
    )


def parse_scheduled_retry(member: bytes, due: float) -> ScheduledRetry:
    """From a member of the set and its score."""
    head, _, data = member.partition(b"\n")
    try:
        held = orjson.loads(head)
    except orjson.JSONDecodeError:  # an error that quoted bytes which are no UTF-8
        held = {}
    try:
        item = unpack(data).item
    except InvalidEntry:
        return ScheduledRetry(datetime_from_ms(due), int(held.get("a", 0)), str(held.get("e", "")), "", "")
    return ScheduledRetry(datetime_from_ms(due), int(held.get("a", 0)), str(held.get("e", "")), item.type, item.key)


def _now_ms(client: redis.Redis) -> int:
    told: Any = client.time()
    return int(told[0]) * 1000 + int(told[1]) // 1000
