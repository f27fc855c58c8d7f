"""Pausing a lane: what is in it stays in it, in Redis, until a person resumes it. Pushes go on; drains do not."""

import redis

from shared.lanes import keys as names
from workers.lanes.scripts import lane_script


def known(client: redis.Redis, lane: str) -> bool:
    """Whether any worker ever made such a lane known. Raises RedisError."""
    return bool(client.sismember(names.LANES, lane))


def pause(client: redis.Redis, lane: str) -> None:
    """For all workers: what they have taken is still handled, nothing more is taken. Raises RedisError."""
    client.set(names.paused(lane), "")


def resume(client: redis.Redis, lane: str) -> bool:
    """Drained again, at once; replies whether it was paused. Raises RedisError."""
    return bool(client.register_script(lane_script("resume"))(keys=[names.stream(lane)], args=[lane]))
