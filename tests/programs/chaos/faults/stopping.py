"""SIGSTOP and SIGCONT: processes that live, and do nothing for a while."""

import os
import signal
import time
from contextlib import suppress
from random import Random
from typing import Any

from redis.exceptions import RedisError

from tests.programs.chaos.environment import Environment
from tests.programs.chaos.strikes import Fault
from tests.programs.chaos.supervised import SupervisedProcess
from tests.programs.chaos.traffic import slow_pictures, texts
from tests.support.waiting import until
from workers.lanes.heartbeats import HEARTBEAT_TIMEOUT
from workers.lanes.keys import CONSUMER_GROUP, stream_key

#: Lanes where a worker is caught. What it settles in the first leads to further entries.
_MEDIA, _TEXTS = "media", "text.answer"
_WITHIN = 60.0  # seconds; other faults may strike at the same time


def stop_worker(environment: Environment, random: Random) -> None:
    """A whole worker, for longer than the silence that means death; what it then settles must not count."""
    _stop(environment, random, _MEDIA, HEARTBEAT_TIMEOUT + random.uniform(2, 4))


def stop_past_lease(environment: Environment, random: Random) -> None:
    """The same until all that it held is long another's, by every rule."""
    with environment.redis.client() as client:
        lease = int(client.hget(f"sluice:lane:{_TEXTS}:spec", "lease") or 0) / 1000
    _stop(environment, random, _TEXTS, lease + random.uniform(1, 3))


def _stop(environment: Environment, random: Random, lane: str, seconds: float) -> None:
    """Stops one that holds entries of that lane: of what follows from those, nothing may be there twice."""
    environment.load.inject([*texts(random, "chaos:slow", 6), *slow_pictures(random, 6)])
    try:
        [struck] = until(lambda: _caught(environment, lane), within=_WITHIN)
    except AssertionError:
        environment.odd.append(f"no worker held an entry of {lane} within {_WITHIN:g} s")
        return
    time.sleep(seconds)
    struck.signal_all(signal.SIGCONT)


def _caught(environment: Environment, lane: str) -> list[SupervisedProcess]:
    """A worker that holds an entry of that lane and is stopped now, if one could be caught."""
    for one in _holding(environment, lane):
        one.signal_all(signal.SIGSTOP)
        if one in _holding(environment, lane):
            return [one]
        one.signal_all(signal.SIGCONT)  # it was faster
    return []


def _holding(environment: Environment, lane: str) -> list[SupervisedProcess]:
    with suppress(RedisError), environment.redis.client() as client:
        held: Any = client.xpending_range(stream_key(lane), CONSUMER_GROUP, "-", "+", 100)
        pids = {int(each["consumer"].rpartition(b":")[2]) for each in held}
        return [one for one in environment.workers if pids & {one.pid, *one.children()}]
    return []


def stop_pool(environment: Environment, random: Random) -> None:
    """The processes of a pool only: the main process goes on beating for them."""
    struck = random.choice(environment.workers).children()
    for pid in struck:
        _signal(pid, signal.SIGSTOP)
    time.sleep(random.uniform(2, 8))
    for pid in struck:
        _signal(pid, signal.SIGCONT)


def stop_ingress(environment: Environment, random: Random) -> None:
    """One of the two, for some seconds."""
    struck = random.choice(environment.ingresses)
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
