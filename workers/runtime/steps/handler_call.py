"""One call of a handler, wrapped in what every call needs: a time limit, log context and timings."""

import time
from collections.abc import Callable

from shared.observability.logging import log_context
from workers.events import Event
from workers.handlers.registry import Handler
from workers.handlers.timeout import time_limit
from workers.lanes import TakenEntry, TakeTimings
from workers.runtime.event_entry import REPLAYED
from workers.runtime.steps.base import compose

#: An entry and the event in it.
Job = tuple[TakenEntry, Event]
#: Calls the handler with these jobs' events, of which there is at least one, and returns what the handler raised.
HandlerCall = Callable[[list[Job], TakeTimings], BaseException | None]


def handler_call(handler: Handler, *wrappers: Callable[[HandlerCall], HandlerCall]) -> HandlerCall:
    """Return the handler's call with timings and log context, and within these the given wrappers."""
    return compose(_plain_call(handler), record_timings, with_log_context(handler.name), *wrappers)


def record_timings(call: HandlerCall) -> HandlerCall:
    """Record the seconds of each call, and the time of receipt of each event that was handled."""

    def timed(jobs: list[Job], timings: TakeTimings) -> BaseException | None:
        started = time.perf_counter()
        error = call(jobs, timings)
        timings.record_call(time.perf_counter() - started)
        for _, event in jobs if error is None else ():
            if event.receipt != REPLAYED:  # a replayed event's age says nothing about today's delay
                timings.record_completed(event.received_at.timestamp())
        return error

    return timed


def with_log_context(handler: str) -> Callable[[HandlerCall], HandlerCall]:
    """Add the handler's name and the event's receipt, key and attempt to every line logged during the call."""

    def wrap(call: HandlerCall) -> HandlerCall:
        def logged(jobs: list[Job], timings: TakeTimings) -> BaseException | None:
            with log_context(handler=handler, **_log_fields(jobs)):
                return call(jobs, timings)

        return logged

    return wrap


def _plain_call(handler: Handler) -> HandlerCall:
    function, timeout, batch = handler.function, handler.timeout, handler.batch

    def call(jobs: list[Job], _timings: TakeTimings) -> BaseException | None:
        argument = [event for _, event in jobs] if batch else jobs[0][1]
        try:
            with time_limit(timeout):
                function(argument)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a handler may raise anything, even SystemExit or CancelledError
            return error
        return None

    return call


def _log_fields(jobs: list[Job]) -> dict[str, str | int]:
    if len(jobs) > 1:
        return {"events": len(jobs)}
    event = jobs[0][1]
    return {"receipt": event.receipt, "event_key": event.key, "attempt": event.attempt}
