"""Heartbeats of the processes that hold entries: what a dead process held is taken over within seconds.

A process counts as dead once its last heartbeat is HEARTBEAT_TIMEOUT old. Two processes send it: the process itself,
from a thread, and for a pool's process also the worker's main process, which knows whether it runs. So neither a
handler that keeps the interpreter busy nor a stopped main process makes a living process seem dead. The lease covers
the remaining case, a process that lives and never finishes.
"""

from collections.abc import Sequence
from typing import Any

import redis

from shared.redis.scripts import read_script
from workers.lanes.clock import redis_time_ms

#: Seconds without a heartbeat after which a process counts as dead. A takeover, which also needs a heartbeat of another
#: process and a maintenance run, is over within 10 s.
HEARTBEAT_TIMEOUT = 6.0
#: Seconds between two heartbeats.
HEARTBEAT_INTERVAL = 2.0

HEARTBEATS_KEY = "sluice:alive"
_KEYS = (HEARTBEATS_KEY, "sluice:beaten", "sluice:grace")


class HeartbeatRegistry:
    """The heartbeats in one Redis. All methods may raise redis.exceptions.RedisError; each may be repeated.

    `timeout`: seconds without a heartbeat after which a process counts as dead.
    """

    def __init__(self, client: redis.Redis, *, timeout: float = HEARTBEAT_TIMEOUT) -> None:
        self._client = client
        self._timeout_ms = round(timeout * 1000)
        self._beat_script = client.register_script(read_script("workers.lanes.scripts", "heartbeat"))

    def beat(self, names: Sequence[str]) -> list[str]:
        """Record a heartbeat of these processes; return the dead ones.

        Take over what the dead processes hold, then `forget` them.
        """
        dead: Any = self._beat_script(keys=_KEYS, args=[self._timeout_ms, *names])
        return [name.decode() for name in dead]

    def forget(self, names: Sequence[str]) -> None:
        """Remove processes that hold nothing any more."""
        if names:
            self._client.zrem(HEARTBEATS_KEY, *names)

    def count_alive(self) -> int:
        """Return the number of processes whose heartbeat is recent."""
        return int(self._client.zcount(HEARTBEATS_KEY, redis_time_ms(self._client) - self._timeout_ms, "+inf"))
