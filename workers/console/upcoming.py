"""Retries of a lane that come next, as its sorted set holds them (settle.lua writes it, tick.lua reads it)."""

from datetime import datetime
from typing import Any, NamedTuple

import orjson
import redis

from shared.lanes import lane as names
from workers.console import words
from workers.entries import BadEntry, unpack


class Upcoming(NamedTuple):
    """One retry."""

    due: datetime | None
    attempts: int  # made so far
    error: str  # of the last
    type: str  # of the event; empty for a webhook that is not classified yet
    key: str


def upcoming(client: redis.Redis, lane: str, most: int = 20) -> list[Upcoming]:
    """The next ones. Raises RedisError."""
    found: Any = client.zrange(f"{names.stream(lane)}:retry", 0, most - 1, withscores=True)
    return [_upcoming(member, due) for member, due in found]


def _upcoming(member: bytes, due: float) -> Upcoming:
    head, _, data = member.partition(b"\n")
    try:
        held = orjson.loads(head)
    except orjson.JSONDecodeError:  # an error that quoted bytes which are no UTF-8
        held = {}
    try:
        item = unpack(data).item
    except BadEntry:
        return Upcoming(words.from_ms(due), int(held.get("a", 0)), str(held.get("e", "")), "", "")
    return Upcoming(words.from_ms(due), int(held.get("a", 0)), str(held.get("e", "")), item.type, item.key)
