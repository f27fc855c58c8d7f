"""A process' own heartbeat, from a thread: it goes on while a handler works."""

import threading

from redis.exceptions import RedisError

from shared.redis.connection import connect
from workers.lanes.heartbeats import EVERY, Holders


def start(url: str, name: str) -> None:
    """Beats for this process until it ends. To be called once a process, after a fork."""
    # A connection of its own, and no repetitions: a beat that comes late is worth nothing.
    holders = Holders(connect(url, retries=0))
    holders.beat([name])
    threading.Thread(target=_beat, args=(holders, name), name="heartbeat", daemon=True).start()


def _beat(holders: Holders, name: str) -> None:
    pause = threading.Event()
    while not pause.wait(EVERY):
        try:
            holders.beat([name])
        except (RedisError, OSError):
            continue  # while Redis is away nobody is taken for dead; the tick and the drains say that it is
