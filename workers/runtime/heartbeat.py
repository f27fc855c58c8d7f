"""A process' own heartbeat, from a thread: it goes on while a handler works."""

import threading

from redis.exceptions import RedisError

from shared.redis.connection import connect
from workers.lanes.heartbeats import HEARTBEAT_INTERVAL, HeartbeatRegistry


def start_heartbeat(url: str, name: str) -> None:
    """Beats for this process until it ends. To be called once a process, after a fork."""
    # A connection of its own, and no repetitions: a beat that comes late is worth nothing.
    holders = HeartbeatRegistry(connect(url, retries=0))
    holders.beat([name])
    threading.Thread(target=_send_heartbeats, args=(holders, name), name="heartbeat", daemon=True).start()


def _send_heartbeats(holders: HeartbeatRegistry, name: str) -> None:
    pause = threading.Event()
    while not pause.wait(HEARTBEAT_INTERVAL):
        try:
            holders.beat([name])
        except (RedisError, OSError):
            continue  # while Redis is away nobody is taken for dead; the tick and the drains say that it is
