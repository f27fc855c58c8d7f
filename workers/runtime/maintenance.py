"""The tick: once a second, in every worker, time acts on the lanes. Whoever comes first does it for all.

There is no beat process and no leader: if the one that ticked dies, another ticks a second later.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from celery import bootsteps
from redis.exceptions import OutOfMemoryError, RedisError

from shared.observability.logging import get_logger
from workers.lanes import Lanes, LaneSpec
from workers.lanes.keys import LANES_KEY
from workers.lanes.reader import LaneReader
from workers.runtime import outcome_log

_log = get_logger(__name__)
MAINTENANCE_INTERVAL = 1.0  # seconds
_TURN = "sluice:tick"
_FULL = "Redis is full: lanes that it knows are drained, and others wait until there is room"


class LaneMaintenance:
    """One tick at a time; never raises what an outage causes, since it runs in a worker's event loop."""

    def __init__(
        self, lanes: Callable[[], Lanes], specs: Iterable[LaneSpec], holder: Callable[[int], str] = str
    ) -> None:
        self._lanes = lanes
        self._holder = holder  # the name by which a process of this worker holds entries
        self._specs = list(specs)
        self._known = False
        self._failing = False

    def __call__(self, living: Sequence[int] = ()) -> None:
        """Beats for the worker's living processes, makes the lanes known where they are not, and ticks if no other
        worker did so within this second."""
        try:
            lanes = self._lanes()
            dead = lanes.heartbeats.beat([self._holder(pid) for pid in living])
            self._tick(lanes, dead)
        except (RedisError, OSError) as error:
            if not self._failing:
                full = isinstance(error, OutOfMemoryError)
                _log.error(_FULL if full else "Redis cannot be reached; the lanes wait", error=type(error).__name__)
            self._failing = True
        else:
            if self._failing:
                _log.info("Redis is reached again")
            self._failing = False

    def _tick(self, lanes: Lanes, dead: list[str]) -> None:
        pipe = lanes.client.pipeline(transaction=False)
        pipe.set(_TURN, "", nx=True, px=round(MAINTENANCE_INTERVAL * 900))
        pipe.pttl(_TURN)
        pipe.exists(LANES_KEY)
        mine, left, known = pipe.execute(raise_on_error=False)
        for reply in (mine, left, known):
            # A full Redis cannot note whose turn it is. Then everybody ticks, for that leads to room again.
            if isinstance(reply, Exception) and not isinstance(reply, OutOfMemoryError):
                raise reply
        if isinstance(left, int) and left > MAINTENANCE_INTERVAL * 1000:
            # That turn was taken when Redis' clock was ahead, maybe by hours: until then nobody would tick.
            lanes.client.delete(_TURN)
        try:
            if not self._known or not known:  # at the start, and after Redis lost its data
                lanes.register(self._specs)
                self._known = True
        finally:
            if mine:
                self._act(lanes, dead)

    def _act(self, lanes: Lanes, dead: list[str]) -> None:
        ticked = lanes.run_maintenance([spec.name for spec in self._specs], dead)
        for lane, did in ticked.items():
            if did.made_suspects or did.dead_lettered:
                _log.warning(
                    "entries outlived their holder", lane=lane, suspects=did.made_suspects, dead=did.dead_lettered
                )
            if did.dead_lettered and (letter := LaneReader(lanes.client).latest_dead_letter(lane)):
                outcome_log.log_poisoned(letter, did.dead_lettered)
        if not any(did.held_by_dead for did in ticked.values()):
            lanes.heartbeats.forget(dead)


class MaintenanceStep(bootsteps.StartStopStep):
    """Ticks from the worker's timer, which runs in the prefork, solo and threads pools alike."""

    requires = ("celery.worker.components:Timer",)
    ticker: Callable[[Sequence[int]], None]  # set by the application's own subclass: Celery makes the step itself

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._entry: Any = None

    def start(self, worker: Any) -> None:
        """Starts ticking; the first tick makes the lanes known before the worker consumes."""
        self.ticker([os.getpid()])
        self._entry = worker.timer.call_repeatedly(MAINTENANCE_INTERVAL, lambda: self.ticker(_living(worker)))

    def stop(self, worker: Any) -> None:  # noqa: ARG002 - Celery's signature
        """Stops ticking."""
        if self._entry is not None:
            self._entry.cancel()


def _living(worker: Any) -> list[int]:
    """The worker's own process and those of its pool that run (a prefork pool tells them; others have none)."""
    try:
        return [os.getpid(), *worker.pool.info.get("processes", ())]
    except (AttributeError, TypeError):  # no pool yet, or no more
        return [os.getpid()]
