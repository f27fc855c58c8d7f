"""A Redis that lives and yet does not serve: cut connections, frozen, full, read-only."""

import signal
import time
from contextlib import suppress
from random import Random

from redis.exceptions import RedisError

from tests.programs.chaos.environment import Environment
from tests.programs.chaos.strikes import Fault


def cut_connections(environment: Environment, random: Random) -> None:
    """Every connection, some times."""
    with environment.redis.client() as client:
        for _ in range(random.randrange(1, 4)):
            with suppress(RedisError):  # this one too
                client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            time.sleep(random.uniform(0.1, 0.8))


def freeze_redis(environment: Environment, random: Random) -> None:
    """Stopped, its connections open."""
    environment.redis.signal(signal.SIGSTOP)
    time.sleep(random.uniform(1, 7))
    environment.redis.signal(signal.SIGCONT)


def fill_redis(environment: Environment, random: Random) -> None:
    """There is no memory for anything more."""
    _configured(environment, "maxmemory", "1mb", "0", random.uniform(1, 6))


def read_only_redis(environment: Environment, random: Random) -> None:
    """It misses a replica, and takes no writes: NOREPLICAS."""
    _configured(environment, "min-replicas-to-write", "1", "0", random.uniform(1, 6))


def replica_redis(environment: Environment, random: Random) -> None:
    """It is made a replica of nobody that answers, and a primary again: READONLY."""
    with environment.redis.client() as client:
        client.replicaof("127.0.0.1", 1)
        try:
            time.sleep(random.uniform(1, 5))
        finally:
            client.replicaof("NO", "ONE")


def _configured(environment: Environment, option: str, value: str, before: str, seconds: float) -> None:
    with environment.redis.client() as client:
        client.config_set(option, value)
        try:
            time.sleep(seconds)
        finally:
            client.config_set(option, before)


FAULTS = (
    Fault("cut-connections", cut_connections, rounds=5),
    Fault("freeze-redis", freeze_redis, rounds=4),
    Fault("fill-redis", fill_redis, rounds=4),
    Fault("redis-without-replicas", read_only_redis, rounds=3),
    Fault("redis-made-replica", replica_redis, rounds=3),
)
