"""A drain: what a wake-up leads to. It takes from one lane, works and settles, until that is empty or time is spent."""

import time
from collections.abc import Callable

from shared.errors import Unavailable
from shared.lanes import Back, Lanes, Taken
from shared.logs import logger
from workers.lanework.work import Work
from workers.pace import Pace

_log = logger(__name__)

#: How long a lane is left alone after what it needs was found to be down, in seconds.
HOLD = 2.0


class Drain:
    """Drains one lane in one process. `budget`: seconds after which nothing more is taken: others get their turn."""

    def __init__(
        self,
        lane: str,
        lanes: Lanes,
        work: Work,
        consumer: str,
        *,
        batch: int,
        budget: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lane = lane
        self._lanes = lanes
        self._work = work
        self._consumer = consumer
        self._budget = budget
        self._clock = clock
        self._pace = Pace(batch, budget / 2)

    def run(self, wakeup: str | None = None) -> int:
        """Replies how many entries were settled. Raises RedisError; what was taken by then is taken again later."""
        end = self._clock() + self._budget
        begun = self._lanes.begin(self.lane, wakeup)
        if begun.held:
            return 0
        try:
            return (self._suspects(end) if begun.suspects else 0) + self._rest(end)
        except Unavailable as error:
            _log.warning("what a lane needs is down; it waits", lane=self.lane, error=str(error), seconds=HOLD)
            return 0

    def _rest(self, end: float) -> int:
        settled = 0
        while self._clock() < end:
            limit = self._pace.limit
            taken = self._lanes.take(self.lane, self._consumer, limit)
            if taken:
                settled += self._handle(taken, end)
            # Fewer than asked for: that was all. If there is more by now, settling has sent a wake-up for it.
            if len(taken) < limit:
                break
        return settled

    def _suspects(self, end: float) -> int:
        """Takes entries whose last holder died, one at a time, so that the one that kills takes nobody along."""
        settled = 0
        while self._clock() < end and (taken := self._lanes.take_suspect(self.lane, self._consumer)):
            settled += self._handle(taken, end, suspect=True)
        return settled

    def _handle(self, taken: list[Taken], end: float, *, suspect: bool = False) -> int:
        started = self._clock()
        try:
            verdicts = self._work.run(taken, lambda: self._clock() >= end)
        except Unavailable:
            self._lanes.hold(self.lane, HOLD)
            self._lanes.settle(self.lane, [(entry.id, Back()) for entry in taken], suspect=suspect)
            raise
        settled, _, _ = self._lanes.settle(self.lane, verdicts, suspect=suspect)
        self._pace.note(len(taken), sum(len(entry.data) for entry in taken), self._clock() - started)
        return settled
