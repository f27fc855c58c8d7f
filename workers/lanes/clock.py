"""The two clocks: Redis's and this machine's.

All times in a lane are Redis's, so that the workers' clocks need not agree. This machine's clock is for what an
operator means by "an hour ago".
"""

import time
from typing import Any

import redis


def redis_time_ms(client: redis.Redis) -> int:
    """Return Redis's time in milliseconds since 1970. Raises RedisError."""
    reply: Any = client.time()
    return time_reply_ms(reply)


def time_reply_ms(reply: tuple[int, int]) -> int:
    """Return the milliseconds since 1970 of a reply to TIME: seconds and microseconds."""
    seconds, microseconds = reply
    return int(seconds) * 1000 + int(microseconds) // 1000


def local_time_ms() -> int:
    """Return this machine's time in milliseconds since 1970."""
    return round(time.time() * 1000)
