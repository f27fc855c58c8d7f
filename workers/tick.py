"""The tick: once a second, in every worker, time acts on the lanes. Whoever comes first does it for all.

There is no beat process and no leader: if the one that ticked dies, another ticks a second later.
"""

from collections.abc import Callable, Iterable
from typing import Any

from celery import bootsteps
from redis.exceptions import OutOfMemoryError, RedisError

from shared.lanes import Lanes, LaneSpec
from shared.lanes.lane import LANES
from shared.logs import logger

_log = logger(__name__)
EVERY = 1.0  # seconds
_TURN = "sluice:tick"


class Ticker:
    """One tick at a time; never raises what an outage causes, since it runs in a worker's event loop."""

    def __init__(self, lanes: Callable[[], Lanes], specs: Iterable[LaneSpec]) -> None:
        self._lanes = lanes
        self._specs = list(specs)
        self._known = False
        self._failing = False

    def __call__(self) -> None:
        """Makes the lanes known where they are not, and ticks if no other worker did so within this second."""
        try:
            self._tick(self._lanes())
        except (RedisError, OSError) as error:
            if not self._failing:
                _log.error("Redis cannot be reached; the lanes wait", error=type(error).__name__)
            self._failing = True
        else:
            if self._failing:
                _log.info("Redis is reached again")
            self._failing = False

    def _tick(self, lanes: Lanes) -> None:
        pipe = lanes.client.pipeline(transaction=False)
        pipe.set(_TURN, "", nx=True, px=round(EVERY * 900))
        pipe.exists(LANES)
        mine, known = pipe.execute(raise_on_error=False)
        for reply in (mine, known):
            # A full Redis cannot note whose turn it is. Then everybody ticks, for that leads to room again.
            if isinstance(reply, Exception) and not isinstance(reply, OutOfMemoryError):
                raise reply
        try:
            if not self._known or not known:  # at the start, and after Redis lost its data
                lanes.make_known(self._specs)
                self._known = True
        finally:
            if mine:
                self._act(lanes)

    def _act(self, lanes: Lanes) -> None:
        for lane, did in lanes.tick(spec.name for spec in self._specs).items():
            if did.suspected or did.dead:
                _log.warning("entries outlived their holder", lane=lane, suspects=did.suspected, dead=did.dead)


class TickStep(bootsteps.StartStopStep):
    """Ticks from the worker's timer, which runs in the prefork, solo and threads pools alike."""

    requires = ("celery.worker.components:Timer",)
    ticker: Callable[[], None]  # set by the application's own subclass: Celery makes the step itself

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._entry: Any = None

    def start(self, worker: Any) -> None:
        """Starts ticking; the first tick makes the lanes known before the worker consumes."""
        self.ticker()
        self._entry = worker.timer.call_repeatedly(EVERY, self.ticker)

    def stop(self, worker: Any) -> None:  # noqa: ARG002 - Celery's signature
        """Stops ticking."""
        if self._entry is not None:
            self._entry.cancel()
