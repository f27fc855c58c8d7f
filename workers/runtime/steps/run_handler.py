"""The work of a handler's lane: events are given to the handler, one by one or in batches."""

import random
import time
from collections.abc import Callable, Sequence

from shared.errors import Retry, Unavailable
from shared.observability.logging import log_context
from workers.events import Event
from workers.handlers.registry import Handler
from workers.handlers.retry import describe, outcome_of_error, traceback_text
from workers.handlers.timeout import time_limit
from workers.lanes import Completed, DeadLettered, Released, TakenEntry, TakeTimings
from workers.runtime.event_entry import REPLAYED, event_of, unpack
from workers.runtime.steps.base import Outcomes

Job = tuple[TakenEntry, Event]  # an entry, and what it says


class RunHandlerStep:
    """Runs one handler."""

    def __init__(self, handler: Handler, draw: Callable[[float], float] = lambda top: random.uniform(0, top)) -> None:
        self._handler = handler
        self._draw = draw

    def run(self, entries: Sequence[TakenEntry], spent: Callable[[], bool], measures: TakeTimings) -> Outcomes:
        """Calls the handler; see Work."""
        jobs: list[Job] = []
        verdicts: Outcomes = []
        for entry in entries:
            try:
                jobs.append((entry, event_of(unpack(entry.data), entry.attempts + 1)))
            except Exception as error:  # noqa: BLE001 - InvalidEntry, or a fault of ours: its neighbours must go on
                verdicts.append((entry.id, DeadLettered("undecodable", describe(error), traceback_text(error))))
        verdicts += self._batch(jobs, measures) if self._handler.batch else self._each(jobs, spent, measures)
        return verdicts

    def _each(self, jobs: list[Job], spent: Callable[[], bool], measures: TakeTimings) -> Outcomes:
        verdicts: Outcomes = []
        for number, (entry, event) in enumerate(jobs):
            if number and spent():
                return verdicts + [(waiting.id, Released()) for waiting, _ in jobs[number:]]
            error = self._measured([(entry, event)], measures)
            if isinstance(error, Unavailable):
                if not verdicts:
                    raise error
                # What is done stays done; the next drain meets the outage at its first event.
                return verdicts + [(waiting.id, Released()) for waiting, _ in jobs[number:]]
            verdicts += self._verdicts(error, [(entry, event)])
        return verdicts

    def _batch(self, jobs: list[Job], measures: TakeTimings) -> Outcomes:
        if not jobs:
            return []
        error = self._measured(jobs, measures)
        if isinstance(error, Unavailable):
            raise error
        if error is None or len(jobs) == 1 or isinstance(error, Retry):
            return self._verdicts(error, jobs)
        # One of them is the culprit: its neighbours must not pay for it.
        middle = len(jobs) // 2
        return self._batch(jobs[:middle], measures) + self._batch(jobs[middle:], measures)

    def _measured(self, jobs: list[Job], measures: TakeTimings) -> BaseException | None:
        """One run of the handler, measured; what it logs bears the names of its event."""
        began = time.perf_counter()
        with log_context(handler=self._handler.name, **_names(jobs)):
            error = self._call(jobs)
        measures.record_call(time.perf_counter() - began)
        for _, event in jobs if error is None else ():
            if event.receipt != REPLAYED:  # then its age tells nothing of today
                measures.record_completed(event.received_at.timestamp())
        return error

    def _call(self, jobs: list[Job]) -> BaseException | None:
        """One run of the handler; replies what it raised."""
        argument = [event for _, event in jobs] if self._handler.batch else jobs[0][1]
        try:
            with time_limit(self._handler.timeout):
                self._handler.function(argument)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it raises is its own affair, even CancelledError
            return error
        return None

    def _verdicts(self, error: BaseException | None, jobs: list[Job]) -> Outcomes:
        if error is None:
            return [(entry.id, Completed()) for entry, _ in jobs]
        return [
            (entry.id, outcome_of_error(error, event.attempt, self._handler.retry, self._draw)) for entry, event in jobs
        ]


def _names(jobs: list[Job]) -> dict[str, str | int]:
    if len(jobs) > 1:
        return {"events": len(jobs)}
    event = jobs[0][1]
    return {"receipt": event.receipt, "event_key": event.key, "attempt": event.attempt}
