"""The work of a handler's lane: events are given to the handler, one by one or in batches."""

import random
from collections.abc import Callable, Sequence

from shared.errors import Retry, Unavailable
from shared.lanes import Back, Dead, Done, Taken
from workers.entries import to_event, unpack
from workers.events import Event
from workers.handlers.registry import Handler
from workers.lanework.work import Verdicts
from workers.retry import decide, describe, trace
from workers.timeouts import limit

_Job = tuple[Taken, Event]


class HandlerWork:
    """Runs one handler."""

    def __init__(self, handler: Handler, draw: Callable[[float], float] = lambda top: random.uniform(0, top)) -> None:
        self._handler = handler
        self._draw = draw

    def run(self, entries: Sequence[Taken], spent: Callable[[], bool]) -> Verdicts:
        """Calls the handler; see Work."""
        jobs: list[_Job] = []
        verdicts: Verdicts = []
        for entry in entries:
            try:
                jobs.append((entry, to_event(unpack(entry.data), entry.attempts + 1)))
            except Exception as error:  # noqa: BLE001 - BadEntry, or a fault of ours: its neighbours must go on
                verdicts.append((entry.id, Dead("undecodable", describe(error), trace(error))))
        verdicts += self._batch(jobs, spent) if self._handler.batch else self._each(jobs, spent)
        return verdicts

    def _each(self, jobs: list[_Job], spent: Callable[[], bool]) -> Verdicts:
        verdicts: Verdicts = []
        for number, (entry, event) in enumerate(jobs):
            if number and spent():
                return verdicts + [(waiting.id, Back()) for waiting, _ in jobs[number:]]
            error = self._call(event)
            if isinstance(error, Unavailable):
                if not verdicts:
                    raise error
                # What is done stays done; the next drain meets the outage at its first event.
                return verdicts + [(waiting.id, Back()) for waiting, _ in jobs[number:]]
            verdicts += self._verdicts(error, [(entry, event)])
        return verdicts

    def _batch(self, jobs: list[_Job], spent: Callable[[], bool]) -> Verdicts:
        if not jobs:
            return []
        error = self._call([event for _, event in jobs])
        if isinstance(error, Unavailable):
            raise error
        if error is None or len(jobs) == 1 or isinstance(error, Retry):
            return self._verdicts(error, jobs)
        # One of them is the culprit: its neighbours must not pay for it.
        middle = len(jobs) // 2
        return self._batch(jobs[:middle], spent) + self._batch(jobs[middle:], spent)

    def _call(self, argument: Event | list[Event]) -> BaseException | None:
        try:
            with limit(self._handler.timeout):
                self._handler.function(argument)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it raises is its own affair, even CancelledError
            return error
        return None

    def _verdicts(self, error: BaseException | None, jobs: list[_Job]) -> Verdicts:
        if error is None:
            return [(entry.id, Done()) for entry, _ in jobs]
        return [(entry.id, decide(error, event.attempt, self._handler.retry, self._draw)) for entry, event in jobs]
