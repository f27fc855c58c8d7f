"""A drain: what a wake-up leads to. It takes from one lane, works and settles, until that is empty or time is spent."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

from redis.exceptions import RedisError

from shared.errors import Unavailable
from shared.observability.logging import get_logger
from workers.lanes import Lanes, Released, TakenEntry, TakeTimings
from workers.lanes.client import DrainStart, Settled
from workers.runtime import attempt_history, outcome_log
from workers.runtime.batch_size import AdaptiveBatchSize
from workers.runtime.steps.base import Step

_log = get_logger(__name__)

#: How long a lane is left alone after what it needs was found to be down, in seconds.
SUSPEND_SECONDS = 2.0
#: For how long a process tries to give back what it held when Redis went away, and how often, in seconds.
_RELEASE_TIMEOUT = 20.0
_RETRY_INTERVAL = 0.5


def untraced(_taken: Sequence[TakenEntry]) -> AbstractContextManager[object]:
    """Settling is a part of no trace."""
    return nullcontext()


class Drain:
    """Drains one lane in one process. `budget`: seconds after which nothing more is taken: others get their turn.
    `settling`: what the settling of these entries runs in."""

    def __init__(
        self,
        lane: str,
        lanes: Lanes,
        work: Step,
        consumer: str,
        *,
        batch: int,
        budget: float,
        settling: Callable[[Sequence[TakenEntry]], AbstractContextManager[object]] = untraced,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lane = lane
        self._lanes = lanes
        self._work = work
        self._consumer = consumer
        self._budget = budget
        self._settling = settling
        self._clock = clock
        self._pace = AdaptiveBatchSize(batch, budget / 2)

    def run(self, wakeup: str | None = None) -> int:
        """Replies how many entries were settled. Raises RedisError; what was taken by then is taken again later."""
        end = self._clock() + self._budget
        begun = self._lanes.start_drain(self.lane, wakeup, self._consumer)
        if begun.is_held:
            return 0
        settled = 0
        try:
            for taken, suspect in self._one(begun) if begun.probe else self._all(begun, end):
                ended = self._handle(taken, end, suspect, begun.probe)
                settled += ended.entries
                if ended.breaker.is_open:
                    break
        except Unavailable as error:
            _log.warning(
                "what a lane needs is down; it waits", lane=self.lane, error=str(error), seconds=SUSPEND_SECONDS
            )
            return 0
        except RedisError:
            self._release_all(begun.probe)
            raise
        return settled

    def _release_all(self, probe: str) -> None:
        """Gives back what this process holds of the lane, also what Redis gave it in an answer that never came. As long
        as it lives nobody else takes that before the lease is over, and that would count as a death.

        In a pool of threads the others' share goes too; it is handled again, and settled once.
        """
        end = self._clock() + _RELEASE_TIMEOUT
        while self._clock() < end:
            try:
                self._lanes.release_all(self.lane, self._consumer)
                if probe:
                    self._lanes.settle(self.lane, [], probe=probe)
            except RedisError:
                time.sleep(_RETRY_INTERVAL)
            else:
                return

    def _all(self, begun: DrainStart, end: float) -> Iterator[tuple[list[TakenEntry], bool]]:
        """Entries to be handled together, and whether they are suspects, until the lane is empty or time is spent."""
        # Those whose last holder died one at a time, so that the one that kills takes nobody along.
        while begun.has_suspects and self._clock() < end and (taken := self._suspect()):
            yield taken, True
        while self._clock() < end:
            limit = self._pace.limit
            taken = self._lanes.take(self.lane, self._consumer, limit)
            if taken:
                yield taken, False
            # Fewer than asked for: that was all. If there is more by now, settling has sent a wake-up for it.
            if len(taken) < limit:
                break

    def _one(self, begun: DrainStart) -> Iterator[tuple[list[TakenEntry], bool]]:
        """One entry, to see whether the handler does well again."""
        for suspect in (begun.has_suspects, not begun.has_suspects):
            taken = self._suspect() if suspect else self._lanes.take(self.lane, self._consumer, 1)
            if taken:
                yield taken, suspect
                return
        self._lanes.settle(self.lane, [], probe=begun.probe)

    def _suspect(self) -> list[TakenEntry]:
        return self._lanes.take_suspect(self.lane, self._consumer)

    def _handle(self, taken: list[TakenEntry], end: float, suspect: bool, probe: str) -> Settled:
        started, measures = self._clock(), TakeTimings()
        try:
            verdicts = self._work.run(taken, lambda: self._clock() >= end, measures)
        except Unavailable:
            self._lanes.suspend(self.lane, SUSPEND_SECONDS, probe=probe)
            self._lanes.settle(self.lane, [(entry.id, Released()) for entry in taken], suspect=suspect)
            raise
        with self._settling(taken):
            ended = self._lanes.settle(self.lane, verdicts, suspect=suspect, probe=probe, timings=measures)
        attempt_history.record(self._lanes.client, self.lane, taken, verdicts, breaker_open=ended.breaker.is_open)
        self._pace.record(len(taken), sum(len(entry.data) for entry in taken), self._clock() - started)
        outcome_log.log_outcomes(self.lane, taken, verdicts, ended.breaker)
        return ended
