"""Waiting until nothing is left to do: no entry in a lane, no retry, nothing in the spool."""

import time
from typing import Any

import redis
from redis.exceptions import RedisError

from tests.programs.chaos.environment import Environment
from workers.lanes.status import lane_statuses

_FORCE_AFTER = 20.0  # seconds: no retry of ours waits that long; others are made due
_STEADY = 3  # looks in a row that must find nothing


def wait_quiet(environment: Environment, seconds: float) -> list[str]:
    """Return what is left after `seconds`; empty once all is quiet."""
    began = time.monotonic()
    seen, left = 0, ["nobody looked"]
    with environment.redis.client() as client:
        while time.monotonic() - began < seconds:
            try:
                left = _left(environment, client)
                if time.monotonic() - began > _FORCE_AFTER:
                    _force(client)
            except RedisError as error:
                left = [f"Redis: {error!r}"]
            seen = 0 if left else seen + 1
            if seen >= _STEADY:
                return []
            time.sleep(0.15)
    return left


def _left(environment: Environment, client: redis.Redis) -> list[str]:
    left = []
    for status in lane_statuses(client):
        what = {"waiting": status.waiting, "in flight": status.in_flight, "retries": status.retries}
        if any(what.values()):
            reported = ", ".join(f"{number} {name}" for name, number in what.items() if number)
            left.append(f"{status.lane}: {reported}{', held' if status.held else ''}")
    return left + [f"spool: {file}" for file in environment.spool.waiting()]


def _force(client: redis.Redis) -> None:
    """Makes retries due now. The suite waits for outcomes, not for times."""
    for status in lane_statuses(client):
        key = f"sluice:lane:{status.lane}:retry"
        members: Any = client.zrange(key, 0, -1)
        for member in members:
            client.zadd(key, {member: 0}, xx=True)
