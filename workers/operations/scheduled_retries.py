"""Retries of a lane that come next, as its sorted set holds them (settle.lua writes it, tick.lua reads it)."""

from datetime import datetime
from typing import Any, NamedTuple

import orjson
import redis

from shared.format import from_ms
from shared.lanes import keys as names
from workers.runtime.event_entry import BadEntry, unpack

#: Until when (s from now) retries are counted together.
_TERMS = (("within a minute", 60), ("within 10 minutes", 600), ("within an hour", 3600))


class Upcoming(NamedTuple):
    """One retry."""

    due: datetime | None
    attempts: int  # made so far
    error: str  # of the last
    type: str  # of the event; empty for a webhook that is not classified yet
    key: str


class Due(NamedTuple):
    """The retries of a lane."""

    terms: tuple[tuple[str, int], ...]  # in words when, and how many then
    next: tuple[Upcoming, ...]


def schedule(client: redis.Redis, lane: str, most: int = 20) -> Due:
    """When how many are due, and the next ones. Raises RedisError."""
    key, now = f"{names.stream(lane)}:retry", _now_ms(client)
    ends = [str(now + seconds * 1000) for _, seconds in _TERMS]
    pipe = client.pipeline(transaction=True)
    for begin, end in zip(("-inf", *(f"({end}" for end in ends)), (*ends, "+inf"), strict=True):
        pipe.zcount(key, begin, end)
    pipe.zrange(key, 0, most - 1, withscores=True)
    *counts, found = pipe.execute()
    terms = zip((*(term for term, _ in _TERMS), "later"), counts, strict=True)
    return Due(tuple(term for term in terms if term[1]), tuple(read_upcoming(member, due) for member, due in found))


def read_upcoming(member: bytes, due: float) -> Upcoming:
    """From a member of the set and its score."""
    head, _, data = member.partition(b"\n")
    try:
        held = orjson.loads(head)
    except orjson.JSONDecodeError:  # an error that quoted bytes which are no UTF-8
        held = {}
    try:
        item = unpack(data).item
    except BadEntry:
        return Upcoming(from_ms(due), int(held.get("a", 0)), str(held.get("e", "")), "", "")
    return Upcoming(from_ms(due), int(held.get("a", 0)), str(held.get("e", "")), item.type, item.key)


def _now_ms(client: redis.Redis) -> int:
    told: Any = client.time()
    return int(told[0]) * 1000 + int(told[1]) // 1000
