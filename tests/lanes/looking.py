"""Looks into the keys of the lanes, and lets time pass in them, so that no test has to sleep."""

import json
from typing import Any

import redis

from shared.lanes import LaneSpec
from shared.lanes.lane import GROUP, stream, suspects


def spec(name: str, queue: str = "work", *, grain: int = 4, cap: int = 8, lease_ms: int = 60_000) -> LaneSpec:
    return LaneSpec(name, queue, grain, lease_ms, cap)


def wakeups(client: redis.Redis, queue: str = "work") -> list[dict[str, Any]]:
    """The wake-ups in a Celery queue, oldest first."""
    found: Any = client.lrange(f"sluice:queue:{queue}", 0, -1)
    return [json.loads(text) for text in reversed(found)]


def woken(client: redis.Redis, queue: str = "work") -> list[str]:
    """The lanes that the wake-ups in a Celery queue are for, oldest first."""
    return [message["headers"]["task"] for message in wakeups(client, queue)]


def held(client: redis.Redis, lane: str) -> dict[bytes, bytes]:
    """Id and data of the lane's entries that somebody holds, its suspects included."""
    found: dict[bytes, bytes] = {}
    for key in (stream(lane), suspects(lane)):
        pending = {item["message_id"] for item in _pending(client, key)}
        found |= {identity: data for identity, data in _entries(client, key) if identity in pending}
    return found


def waiting(client: redis.Redis, lane: str) -> list[bytes]:
    """The data of the lane's entries that nobody holds, its suspects aside."""
    taken = held(client, lane)
    return [data for identity, data in _entries(client, stream(lane)) if identity not in taken]


def waiting_suspects(client: redis.Redis, lane: str) -> list[bytes]:
    taken = held(client, lane)
    return [data for identity, data in _entries(client, suspects(lane)) if identity not in taken]


def retrying(client: redis.Redis, lane: str) -> list[bytes]:
    """The data of the lane's entries that wait for their time, the next one first."""
    found: Any = client.zrange(f"{stream(lane)}:retry", 0, -1)
    return [member.partition(b"\n")[2] for member in found]


def dead(client: redis.Redis, lane: str) -> list[bytes]:
    return [data for _, data in _entries(client, f"{stream(lane)}:dead")]


def counts(client: redis.Redis, lane: str) -> dict[str, int]:
    found: Any = client.hgetall(f"{stream(lane)}:counts")
    return {name.decode(): int(value) for name, value in found.items()}


def let_leases_run_out(client: redis.Redis, lane: str) -> None:
    """As if all that is held in the lane had been held for an hour."""
    for key in (stream(lane), suspects(lane)):
        for item in _pending(client, key):
            client.xclaim(key, GROUP, item["consumer"], 0, [item["message_id"]], idle=3_600_000, justid=True)


def let_retries_wait(client: redis.Redis, lane: str, seconds: float) -> None:
    """As if so much time had passed for the lane's retries."""
    _shift(client, f"{stream(lane)}:retry", seconds)


def let_wakeups_wait(client: redis.Redis, lane: str, seconds: float) -> None:
    """As if so much time had passed since the lane's wake-ups were sent."""
    _shift(client, f"{stream(lane)}:woken", seconds)


def everything(client: redis.Redis) -> dict[bytes, Any]:
    """All that the server holds, to see that something changed nothing."""
    keys: Any = client.keys()
    return {key: client.dump(key) for key in keys}


def _shift(client: redis.Redis, key: str, seconds: float) -> None:
    members: Any = client.zrange(key, 0, -1)
    for member in members:
        client.zincrby(key, -seconds * 1000, member)


def _entries(client: redis.Redis, key: str) -> list[tuple[bytes, bytes]]:
    found: Any = client.xrange(key)
    return [(identity, fields[b"d"]) for identity, fields in found]


def _pending(client: redis.Redis, key: str) -> list[dict[str, Any]]:
    if not client.exists(key):
        return []
    found: Any = client.xpending_range(key, GROUP, "-", "+", 100_000)
    return list(found)
