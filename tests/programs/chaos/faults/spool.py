"""A disk that is full while Redis is unavailable: nothing can be made durable, so nothing may be acknowledged."""

import time
from random import Random

from tests.programs.chaos.strikes import Fault
from tests.programs.chaos.world import World
from tests.support.waiting import until

_WITHIN = 30.0  # seconds until the little room that is left is used up


def full_disk(world: World, random: Random) -> None:
    """Redis is killed, the disk fills; a second later both are well again."""
    pids = [one.pid for one in world.ingresses]
    refused = world.load.answers["503"]
    world.spool.fill(pids)
    try:
        world.redis.kill()
        until(lambda: world.load.answers["503"] > refused + 20, within=_WITHIN)
        taken = len(world.load.acknowledged)
        time.sleep(random.uniform(1, 2))
        if len(world.load.acknowledged) - taken > 200:
            world.odd.append("webhooks were acknowledged although nothing could be written")
    except AssertionError:
        world.odd.append("no 503 although neither Redis nor the spool could be written")
    finally:
        world.spool.relieve(pids)
        world.redis.start()
    time.sleep(1.5)


FAULTS = (Fault("full-disk", full_disk, rounds=4),)
