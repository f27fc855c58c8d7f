"""A drain: take entries of one lane, process them and settle them, until the lane is empty or the time is up."""

import time
from collections.abc import Callable, Iterator, Sequence

from redis.exceptions import RedisError

from shared.errors import Unavailable
from shared.observability.logging import get_logger
from workers.lanes import Lanes, Released, TakenEntry, TakeTimings
from workers.lanes.client import DrainStart, Settled
from workers.runtime.batch_size import AdaptiveBatchSize
from workers.runtime.steps.base import Observer, Outcomes, Settle, SettledTake, Step, Take

_log = get_logger(__name__)

#: Seconds for which a lane is suspended after what it needs was found to be down.
SUSPEND_SECONDS = 2.0
#: Seconds for which a process tries to release its entries after it lost Redis, and between two tries.
_RELEASE_TIMEOUT = 20.0
RETRY_INTERVAL = 0.5


def settle_in(lanes: Lanes, lane: str) -> Settle:
    """Return the function that settles takes of this lane."""

    def settle(take: Take, outcomes: Outcomes, timings: TakeTimings) -> Settled:
        return lanes.settle(lane, outcomes, suspect=take.suspect, probe=take.probe, timings=timings)

    return settle


class Drain:
    """Drains one lane in one process.

    `batch` is the most entries of a take. Nothing is taken any more once `budget` seconds are over, so that other lanes
    get their turn. `settle` settles a take (default: `settle_in`). `observers` are called after each settled take.
    """

    def __init__(
        self,
        lane: str,
        lanes: Lanes,
        step: Step,
        consumer: str,
        *,
        batch: int,
        budget: float,
        settle: Settle | None = None,
        observers: Sequence[Observer] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lane = lane
        self._lanes = lanes
        self._step = step
        self._consumer = consumer
        self._budget = budget
        self._settle = settle or settle_in(lanes, lane)
        self._observers = observers
        self._clock = clock
        self._batch_size = AdaptiveBatchSize(batch, budget / 2)

    def run(self, wakeup: str | None = None) -> int:
        """Drain the lane once and return how many entries were settled.

        `wakeup` is the id of the wake-up that led to this drain, if one did. Raises RedisError; entries that were taken
        by then are taken again later.
        """
        deadline = self._clock() + self._budget
        start = self._lanes.start_drain(self.lane, wakeup, self._consumer)
        if start.is_held:
            return 0
        settled = 0
        try:
            for take in self._probe(start) if start.probe else self._takes(start, deadline):
                result = self._handle(take, deadline)
                settled += result.entries
                if result.breaker.is_open:
                    break
        except Unavailable as error:
            _log.warning(
                "what the lane needs is down; the lane waits", lane=self.lane, error=str(error), seconds=SUSPEND_SECONDS
            )
            return 0
        except RedisError:
            self._release_all(start.probe)
            raise
        return settled

    def _takes(self, start: DrainStart, deadline: float) -> Iterator[Take]:
        """Yield takes until the lane is empty or the time is up."""
        # Suspects come one at a time, so that an entry that kills its process takes no other with it.
        while start.has_suspects and self._clock() < deadline and (entries := self._take_suspect()):
            yield Take(entries, suspect=True)
        while self._clock() < deadline:
            limit = self._batch_size.limit
            entries = self._lanes.take(self.lane, self._consumer, limit)
            if entries:
                yield Take(entries)
            # Fewer than asked for: the lane was empty. Entries that came since have sent a wake-up of their own.
            if len(entries) < limit:
                break

    def _probe(self, start: DrainStart) -> Iterator[Take]:
        """Yield a single entry as the circuit breaker's probe; end the probe if there is none."""
        for suspect in (start.has_suspects, not start.has_suspects):
            entries = self._take_suspect() if suspect else self._lanes.take(self.lane, self._consumer, 1)
            if entries:
                yield Take(entries, suspect, start.probe)
                return
        self._lanes.settle(self.lane, [], probe=start.probe)

    def _take_suspect(self) -> list[TakenEntry]:
        return self._lanes.take_suspect(self.lane, self._consumer)

    def _handle(self, take: Take, deadline: float) -> Settled:
        started, timings = self._clock(), TakeTimings()
        try:
            outcomes = self._step.run(take.entries, lambda: self._clock() >= deadline, timings)
        except Unavailable:
            self._lanes.suspend(self.lane, SUSPEND_SECONDS, probe=take.probe)
            self._lanes.settle(self.lane, [(entry.id, Released()) for entry in take.entries], suspect=take.suspect)
            raise
        settled = self._settle(take, outcomes, timings)
        size = sum(len(entry.data) for entry in take.entries)
        self._batch_size.record(len(take.entries), size, self._clock() - started)
        for observe in self._observers:
            observe(SettledTake(self.lane, take.entries, outcomes, settled.breaker))
        return settled

    def _release_all(self, probe: str) -> None:
        """Release all entries that this process holds, also those of a reply from Redis that never arrived.

        While this process lives no other takes them before their lease ends, and that would count as a death. In a pool
        of threads the other threads' entries are released too: they are processed again, and settled once.
        """
        deadline = self._clock() + _RELEASE_TIMEOUT
        while self._clock() < deadline:
            try:
                self._lanes.release_all(self.lane, self._consumer)
                if probe:
                    self._lanes.settle(self.lane, [], probe=probe)
            except RedisError:
                time.sleep(RETRY_INTERVAL)
            else:
                return
