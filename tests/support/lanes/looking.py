"""Read the keys of the lanes, and let time pass in them, so that no test has to sleep."""

import json
from itertools import islice
from typing import Any, NamedTuple

import redis

from workers.lanes import LaneSpec
from workers.lanes.keys import CONSUMER_GROUP, stream_key, suspects_key
from workers.lanes.reader import LaneReader
from workers.lanes.records import DeadLetter


def spec(name: str, queue: str = "work", *, grain: int = 4, cap: int = 8, lease_ms: int = 60_000) -> LaneSpec:
    return LaneSpec(name, queue, grain, lease_ms, cap)


def wakeups(client: redis.Redis, queue: str = "work") -> list[dict[str, Any]]:
    """Return the wake-ups in a Celery queue, oldest first."""
    found: Any = client.lrange(f"sluice:queue:{queue}", 0, -1)
    return [json.loads(text) for text in reversed(found)]


def woken(client: redis.Redis, queue: str = "work") -> list[str]:
    """Return the lanes of the wake-ups in a Celery queue, oldest first."""
    return [message["headers"]["task"] for message in wakeups(client, queue)]


def raw(client: redis.Redis, key: str) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """Return the ids and fields of all entries of a stream."""
    found: Any = client.xrange(key)
    return list(found)


def entries(client: redis.Redis, key: str) -> list[tuple[bytes, bytes]]:
    """Return the ids and data of all entries of a stream."""
    return [(identity, fields[b"d"]) for identity, fields in raw(client, key)]


def dead_letters(client: redis.Redis, lane: str, most: int) -> list[DeadLetter]:
    """Return the latest `most` dead letters of a lane."""
    return [*islice(LaneReader(client).dead_letters(lane, latest_first=True), most)]


class Look(NamedTuple):
    """The contents of a lane: the data of its entries, in order."""

    waiting: list[bytes]  # nobody holds them
    suspects: list[bytes]  # nobody holds them, and their last holder died
    held: list[bytes]  # suspects included
    retrying: list[bytes]
    dead: list[bytes]


def look(client: redis.Redis, lane: str) -> Look:
    """Return the current contents of a lane."""
    pipe = client.pipeline()
    for key in (stream_key(lane), suspects_key(lane)):
        pipe.xrange(key)
        pipe.xpending_range(key, CONSUMER_GROUP, "-", "+", 100_000)
    pipe.zrange(f"{stream_key(lane)}:retry", 0, -1)
    pipe.xrange(f"{stream_key(lane)}:dead")
    # A lane that is not known has no group, and nothing of it is held.
    whole, taken, alone, alone_taken, retries, letters = pipe.execute(raise_on_error=False)
    waiting, held = _apart(whole, taken)
    alone_waiting, alone_held = _apart(alone, alone_taken)
    return Look(
        waiting=waiting,
        suspects=alone_waiting,
        held=held + alone_held,
        retrying=[member.partition(b"\n")[2] for member in retries],
        dead=[fields[b"d"] for _, fields in letters],
    )


def _apart(entries: Any, pending: Any) -> tuple[list[bytes], list[bytes]]:
    taken = {item["message_id"] for item in pending} if isinstance(pending, list) else set()
    free = [fields[b"d"] for identity, fields in entries if identity not in taken]
    return free, [fields[b"d"] for identity, fields in entries if identity in taken]


def held(client: redis.Redis, lane: str) -> list[bytes]:
    return look(client, lane).held


def waiting(client: redis.Redis, lane: str) -> list[bytes]:
    return look(client, lane).waiting


def waiting_suspects(client: redis.Redis, lane: str) -> list[bytes]:
    return look(client, lane).suspects


def retrying(client: redis.Redis, lane: str) -> list[bytes]:
    return look(client, lane).retrying


def dead(client: redis.Redis, lane: str) -> list[bytes]:
    return look(client, lane).dead


def times(client: redis.Redis, lane: str) -> dict[str, int]:
    found: Any = client.hgetall(f"{stream_key(lane)}:times")
    return {name.decode(): int(value) for name, value in found.items()}


def counts(client: redis.Redis, lane: str) -> dict[str, int]:
    found: Any = client.hgetall(f"{stream_key(lane)}:counts")
    return {name.decode(): int(value) for name, value in found.items()}


def let_leases_run_out(client: redis.Redis, lane: str) -> None:
    """Make all held entries of the lane look as if they had been held for an hour."""
    for key in (stream_key(lane), suspects_key(lane)):
        found: Any = client.xpending_range(key, CONSUMER_GROUP, "-", "+", 100_000)
        pipe = client.pipeline()
        for item in found:
            pipe.xclaim(key, CONSUMER_GROUP, item["consumer"], 0, [item["message_id"]], idle=3_600_000, justid=True)
        pipe.execute()


def let_retries_wait(client: redis.Redis, lane: str, seconds: float) -> None:
    """Let time pass for the lane's retries."""
    _shift(client, f"{stream_key(lane)}:retry", seconds)


def let_wakeups_wait(client: redis.Redis, lane: str, seconds: float) -> None:
    """Let time pass since the lane's wake-ups were sent."""
    _shift(client, f"{stream_key(lane)}:woken", seconds)


def everything(client: redis.Redis) -> dict[bytes, Any]:
    """Return everything on the server, to check that nothing changed."""
    keys: Any = client.keys()
    return {key: client.dump(key) for key in keys}


def _shift(client: redis.Redis, key: str, seconds: float) -> None:
    members: Any = client.zrange(key, 0, -1)
    for member in members:
        client.zincrby(key, -seconds * 1000, member)
