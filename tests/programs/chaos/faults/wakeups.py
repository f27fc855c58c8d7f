"""Wake-ups lost and doubled: they carry nothing, so nothing may depend on them."""

import time
from random import Random
from typing import Any

from tests.programs.chaos.environment import Environment
from tests.programs.chaos.strikes import Fault

_QUEUES = "sluice:queue:*"
_MAX_DOUBLED = 50  # wake-ups of a queue that are doubled at once; more and they would breed


def lose_wakeups(environment: Environment, random: Random) -> None:
    """Deletes the Celery queues; sometimes also what the lanes know of wake-ups on their way."""
    with environment.redis.client() as client:
        for _ in range(10):
            keys = list(client.scan_iter(_QUEUES, count=500))
            if random.random() < 0.5:
                keys += client.scan_iter("sluice:lane:*:woken", count=500)
            if keys:
                client.delete(*keys)
            time.sleep(random.uniform(0.02, 0.2))


def double_wakeups(environment: Environment, random: Random) -> None:
    """Each wake-up that waits in a queue is there three times."""
    with environment.redis.client() as client:
        for _ in range(10):
            for queue in client.scan_iter(_QUEUES, count=500, _type="list"):
                waiting: Any = client.lrange(queue, 0, _MAX_DOUBLED)
                if waiting:
                    client.lpush(queue, *waiting, *waiting)
            time.sleep(random.uniform(0.02, 0.2))


FAULTS = (Fault("lose-wakeups", lose_wakeups, rounds=4), Fault("double-wakeups", double_wakeups, rounds=3))
