"""SIGKILL: an ingress, a worker, a process of its pool, Redis, the database."""

import os
import signal
import time
from contextlib import suppress
from random import Random

from tests.programs.chaos.environment import Environment
from tests.programs.chaos.strikes import Fault
from tests.programs.chaos.traffic import texts
from tests.support.waiting import until

_REDIS_AWAY, _REDIS_AWAY_LONG = 5.0, 30.0  # seconds, at most
_DATABASE_AWAY = 4.0
_BUSY_WITHIN = 60.0  # other faults may strike at the same time: then handlers begin when these are over


def kill_ingress(environment: Environment, random: Random) -> None:
    """One of the two; the sender goes to the other until it is back."""
    struck = random.choice(environment.ingresses)
    struck.kill()
    environment.wait_ready([struck])


def kill_both_ingresses(environment: Environment, random: Random) -> None:
    """Both at once."""
    for one in environment.ingresses:
        one.kill()
    environment.wait_ready()


def kill_worker(environment: Environment, random: Random) -> None:
    """Its main process; those of its pool die with it, or live on for a moment as orphans."""
    struck = random.choice(environment.workers)
    struck.orphans = random.choice((0.0, 0.0, 3.0))
    struck.kill()
    time.sleep(random.uniform(1, 3))


def kill_whole_worker(environment: Environment, random: Random) -> None:
    """All its processes at once."""
    random.choice(environment.workers).signal_all(signal.SIGKILL)
    time.sleep(random.uniform(1, 3))


def kill_pool_process(environment: Environment, random: Random) -> None:
    """One that is in the middle of a handler."""
    environment.load.inject(texts(random, "chaos:slow", 6))

    def strike() -> bool:
        busy = _busy(environment)
        with suppress(ProcessLookupError, IndexError):  # it was killed for another reason, or none is busy
            os.kill(random.choice(busy), signal.SIGKILL)
            return True
        return False

    try:
        until(strike, within=_BUSY_WITHIN)
    except AssertionError:
        environment.odd.append(f"no process of a pool began a slow handler within {_BUSY_WITHIN:g} s")
    time.sleep(random.uniform(0.5, 2))


def _busy(environment: Environment) -> list[int]:
    """Processes of pools that are in a slow handler. (A file alone may be left from one that was killed in it.)"""
    pids = [pid for worker in environment.workers for pid in worker.children()]
    return [pid for pid in pids if (environment.folder / f"busy-{pid}").exists()]


def kill_redis(environment: Environment, random: Random) -> None:
    """And start it again after a while."""
    environment.redis.kill()
    time.sleep(random.uniform(0, _REDIS_AWAY))
    environment.redis.start()


def kill_redis_for_long(environment: Environment, random: Random) -> None:
    """For up to half a minute: long enough for every patience of Celery, redis-py and our own to end."""
    environment.redis.kill()
    time.sleep(random.uniform(5, _REDIS_AWAY_LONG))
    environment.redis.start()


def strike_database(environment: Environment, random: Random) -> None:
    """PostgreSQL is killed and recovers; SQLite is locked for some seconds."""
    environment.database.strike(random.uniform(0, _DATABASE_AWAY))
    time.sleep(random.uniform(0.5, 2))


FAULTS = (
    Fault("kill-ingress", kill_ingress, rounds=5),
    Fault("kill-both-ingresses", kill_both_ingresses, rounds=3),
    Fault("kill-worker", kill_worker, rounds=5),
    Fault("kill-whole-worker", kill_whole_worker, rounds=3),
    Fault("kill-pool-process", kill_pool_process, rounds=5),
    Fault("kill-redis", kill_redis, rounds=6),
    Fault("kill-redis-for-long", kill_redis_for_long, rounds=2),
    Fault("kill-database", strike_database, rounds=5),
)
