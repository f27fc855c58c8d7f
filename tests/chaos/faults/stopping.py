"""SIGSTOP and SIGCONT: processes that live, and do nothing for a while."""

import os
import signal
import time
from contextlib import suppress
from random import Random

from shared.lanes.holders import SILENCE
from tests.chaos.strikes import Fault
from tests.chaos.traffic import texts
from tests.chaos.world import World


def stop_worker(world: World, random: Random) -> None:
    """A whole worker, for longer than the silence that means death; what it then settles must not count."""
    struck = random.choice(world.workers)
    world.load.inject(texts(random, "chaos:slow", 6))
    time.sleep(random.uniform(0.1, 0.6))
    struck.signal_all(signal.SIGSTOP)
    time.sleep(SILENCE + random.uniform(2, 4))
    struck.signal_all(signal.SIGCONT)


def stop_past_lease(world: World, random: Random) -> None:
    """A whole worker in the middle of slow handlers, until all that it held is long another's, by every rule."""
    struck = random.choice(world.workers)
    world.load.inject(texts(random, "chaos:slow", 12))
    time.sleep(random.uniform(0.3, 0.6))
    struck.signal_all(signal.SIGSTOP)
    with world.redis.client() as client:
        lease = int(client.hget("sluice:lane:text.answer:spec", "lease") or 0) / 1000
    time.sleep(lease + random.uniform(1, 3))
    struck.signal_all(signal.SIGCONT)


def stop_pool(world: World, random: Random) -> None:
    """The processes of a pool only: the main process goes on beating for them."""
    struck = random.choice(world.workers).children()
    for pid in struck:
        _signal(pid, signal.SIGSTOP)
    time.sleep(random.uniform(2, 8))
    for pid in struck:
        _signal(pid, signal.SIGCONT)


def stop_ingress(world: World, random: Random) -> None:
    """One of the two, for some seconds."""
    struck = random.choice(world.ingresses)
    struck.kill(signal.SIGSTOP)
    time.sleep(random.uniform(1, 5))
    struck.kill(signal.SIGCONT)


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


FAULTS = (
    Fault("stop-worker", stop_worker, rounds=3),
    Fault("stop-worker-past-lease", stop_past_lease, rounds=1),
    Fault("stop-pool", stop_pool, rounds=3),
    Fault("stop-ingress", stop_ingress, rounds=3),
)
