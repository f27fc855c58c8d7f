"""Several things at once, as when a machine fails; and workers whose pool is another than prefork."""

import signal
import threading
import time
from random import Random

from tests.programs.chaos.environment import Environment
from tests.programs.chaos.faults.connections import cut_connections, freeze_redis
from tests.programs.chaos.faults.killing import (
    kill_both_ingresses,
    kill_ingress,
    kill_pool_process,
    kill_redis,
    kill_whole_worker,
    kill_worker,
    strike_database,
)
from tests.programs.chaos.faults.stopping import stop_ingress, stop_pool
from tests.programs.chaos.faults.wakeups import lose_wakeups
from tests.programs.chaos.strikes import Fault, Strike

#: One of each, two or three at a time.
_REDIS = (kill_redis, kill_redis, freeze_redis, cut_connections)
_PROGRAMS = (kill_ingress, kill_both_ingresses, stop_ingress, kill_worker, kill_whole_worker, stop_pool)
_REST = (strike_database, kill_pool_process, lose_wakeups)


def several(environment: Environment, random: Random) -> None:
    """Two or three strikes that overlap."""
    kinds = random.sample((_REDIS, _PROGRAMS, _REST), random.choice((2, 2, 3)))
    threads = [_struck(environment, random.choice(kind), Random(random.random())) for kind in kinds]
    for thread in threads:
        thread.join()


def everything(environment: Environment, random: Random) -> None:
    """All programs and Redis are killed at once, as by a power cut of the machine, and started again."""
    environment.redis.kill()
    for one in (*environment.ingresses, *environment.workers):
        one.signal_all(signal.SIGKILL)
    time.sleep(random.uniform(0, 2))
    environment.redis.start()
    environment.wait_ready()


def kill_other_pool(environment: Environment, random: Random) -> None:
    """SIGKILL of a worker with threads, or of one that is a single process."""
    random.choice(environment.workers).kill()
    time.sleep(random.uniform(1, 3))


def _other_pools(environment: Environment) -> None:
    _replace_workers(environment, "threads", "solo")


def _prefork_again(environment: Environment) -> None:
    _replace_workers(environment, "prefork", "prefork")


def _replace_workers(environment: Environment, *pools: str) -> None:
    old = environment.workers
    environment.workers = [environment.new_worker(pool) for pool in pools]
    environment.retire(old)


def _struck(environment: Environment, strike: Strike, random: Random) -> threading.Thread:
    name = getattr(strike, "__name__", "strike")

    def run() -> None:
        try:
            strike(environment, random)
        except Exception as error:  # noqa: BLE001 - in a thread of its own it would go unseen
            environment.odd.append(f"{name}: {error!r}")

    thread = threading.Thread(target=run, name=name)
    thread.start()
    return thread


FAULTS = (
    Fault("several-at-once", several, rounds=5),
    Fault("kill-everything", everything, rounds=3),
    Fault("kill-threads-or-solo", kill_other_pool, rounds=3, begin=_other_pools, end=_prefork_again, alone=True),
)
