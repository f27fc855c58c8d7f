"""Who holds entries and lives: a heartbeat a process, so that what a dead one held is taken over within seconds.

A process is taken for dead once nobody has beaten for it for SILENCE. Two beat for each: itself, from a thread, and for
a pool's process also the worker's main process, which knows whether it runs. So neither a handler that keeps the
interpreter busy nor a stopped main process makes a living one seem dead. The lease stays behind all this, for a process
that lives and yet never ends.
"""

from collections.abc import Sequence
from typing import Any

import redis

from shared.redis.scripts import read_script

#: Seconds without a beat that mean death. With the beats and the ticks around it, a takeover is over within 10 s.
HEARTBEAT_TIMEOUT = 6.0
#: Seconds between two beats.
HEARTBEAT_INTERVAL = 2.0

HEARTBEATS_KEY = "sluice:alive"
_KEYS = (HEARTBEATS_KEY, "sluice:beaten", "sluice:grace")


class HeartbeatRegistry:
    """The heartbeats in one Redis. Methods may raise redis.exceptions.RedisError; each may be repeated."""

    def __init__(self, client: redis.Redis, *, timeout: float = HEARTBEAT_TIMEOUT) -> None:
        self._client = client
        self._timeout_ms = round(timeout * 1000)
        self._beat_script = client.register_script(read_script("workers.lanes.scripts", "beat"))

    def beat(self, names: Sequence[str]) -> list[str]:
        """These processes live. Replies who is dead: what they hold may be taken over, and then they are forgotten."""
        dead: Any = self._beat_script(keys=_KEYS, args=[self._timeout_ms, *names])
        return [name.decode() for name in dead]

    def forget(self, names: Sequence[str]) -> None:
        """They hold nothing any more."""
        if names:
            self._client.zrem(HEARTBEATS_KEY, *names)
