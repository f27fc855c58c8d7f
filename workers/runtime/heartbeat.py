"""A process's own heartbeat. It comes from a thread, so it continues while a handler works."""

import threading

from redis.exceptions import RedisError

from shared.redis.connection import connect
from workers.lanes.heartbeats import HEARTBEAT_INTERVAL, HeartbeatRegistry


def start_heartbeat(url: str, name: str) -> None:
    """Beat for the process of that name until it ends. Call it once per process, after the fork. Raises RedisError."""
    # A connection of its own, without retries: a beat that comes late is useless.
    registry = HeartbeatRegistry(connect(url, retries=0))
    registry.beat([name])
    threading.Thread(target=_send_heartbeats, args=(registry, name), name="heartbeat", daemon=True).start()


def _send_heartbeats(registry: HeartbeatRegistry, name: str) -> None:
    never = threading.Event()
    while not never.wait(HEARTBEAT_INTERVAL):
        try:
            registry.beat([name])
        except (RedisError, OSError):
            continue  # without Redis no process is judged dead; maintenance and drains log that Redis is away
