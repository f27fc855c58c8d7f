"""A disk that is full while Redis is unavailable: nothing can be made durable, so nothing may be acknowledged."""

import time
from random import Random

from tests.programs.chaos.environment import Environment
from tests.programs.chaos.strikes import Fault
from tests.support.waiting import until

_WITHIN = 30.0  # seconds until the little room that is left is used up


def full_disk(environment: Environment, random: Random) -> None:
    """Redis is killed, the disk fills; a second later both are well again."""
    pids = [one.pid for one in environment.ingresses]
    refused = environment.load.answers["503"]
    environment.spool.fill(pids)
    try:
        environment.redis.kill()
        until(lambda: environment.load.answers["503"] > refused + 20, within=_WITHIN)
        taken = len(environment.load.acknowledged)
        time.sleep(random.uniform(1, 2))
        if len(environment.load.acknowledged) - taken > 200:
            environment.odd.append("webhooks were acknowledged although nothing could be written")
    except AssertionError:
        environment.odd.append("no 503 although neither Redis nor the spool could be written")
    finally:
        environment.spool.relieve(pids)
        environment.redis.start()
    time.sleep(1.5)


FAULTS = (Fault("full-disk", full_disk, rounds=4),)
