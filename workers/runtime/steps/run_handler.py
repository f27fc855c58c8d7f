"""The step of a handler's lane: call the handler with each event, or with batches of events."""

import random
from collections.abc import Callable, Sequence

from shared.errors import Retry, Unavailable
from workers.handlers.registry import Handler
from workers.handlers.retry import describe, outcome_of_error, traceback_text
from workers.lanes import Completed, DeadLettered, Released, TakenEntry, TakeTimings
from workers.runtime.event_entry import build_event, decode_entry
from workers.runtime.steps.base import Outcomes
from workers.runtime.steps.handler_call import HandlerCall, Job, handler_call

_COMPLETED = Completed()


class RunHandlerStep:
    """Runs one handler. `call`: how it is called, by default `handler_call(handler)`. `jitter(x)` draws from 0 to x."""

    def __init__(
        self,
        handler: Handler,
        call: HandlerCall | None = None,
        *,
        jitter: Callable[[float], float] = lambda limit: random.uniform(0, limit),
    ) -> None:
        self._handler = handler
        self._call = call or handler_call(handler)
        self._jitter = jitter

    def run(self, entries: Sequence[TakenEntry], out_of_time: Callable[[], bool], timings: TakeTimings) -> Outcomes:
        """Call the handler with the entries' events; see Step."""
        jobs: list[Job] = []
        outcomes: Outcomes = []
        for entry in entries:
            try:
                jobs.append((entry, build_event(decode_entry(entry.data), entry.attempts + 1)))
            except Exception as error:  # noqa: BLE001 - InvalidEntry or a bug of ours: the other entries must go on
                outcomes.append((entry.id, DeadLettered("undecodable", describe(error), traceback_text(error))))
        outcomes += (
            self._run_batch(jobs, timings) if self._handler.batch else self._run_each(jobs, out_of_time, timings)
        )
        return outcomes

    def _run_each(self, jobs: list[Job], out_of_time: Callable[[], bool], timings: TakeTimings) -> Outcomes:
        outcomes: Outcomes = []
        for index, job in enumerate(jobs):
            if index and out_of_time():
                return outcomes + _released(jobs[index:])
            alone = [job]
            error = self._call(alone, timings)
            if isinstance(error, Unavailable):
                if not outcomes:
                    raise error
                # What is done stays done; the next drain meets the outage at its first event.
                return outcomes + _released(jobs[index:])
            outcomes += self._outcomes(error, alone)
        return outcomes

    def _run_batch(self, jobs: list[Job], timings: TakeTimings) -> Outcomes:
        if not jobs:
            return []
        error = self._call(jobs, timings)
        if isinstance(error, Unavailable):
            raise error
        if error is None or len(jobs) == 1 or isinstance(error, Retry):
            return self._outcomes(error, jobs)
        # One event made the batch fail: halve the batch until that event is alone and the others are handled.
        middle = len(jobs) // 2
        return self._run_batch(jobs[:middle], timings) + self._run_batch(jobs[middle:], timings)

    def _outcomes(self, error: BaseException | None, jobs: list[Job]) -> Outcomes:
        if error is None:
            return [(entry.id, _COMPLETED) for entry, _ in jobs]
        policy = self._handler.retry
        return [(entry.id, outcome_of_error(error, event.attempt, policy, self._jitter)) for entry, event in jobs]


def _released(jobs: list[Job]) -> Outcomes:
    return [(entry.id, Released()) for entry, _ in jobs]
