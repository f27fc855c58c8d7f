"""What else a handler can do to the events beside its own: nothing."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from shared.errors import Retry, Unavailable
from tests.support.runtime.entries import taken
from workers.events import Event, TextMessage
from workers.handlers.registry import Handler
from workers.lanes import Completed, DeadLettered, Outcome, Rescheduled, TakenEntry, TakeTimings
from workers.runtime.steps.run_handler import RunHandlerStep

POLICY = Retry(attempts=3, base=1.0, cap=1.0)


def _run(
    function: Callable[[Any], None], *entries: TakenEntry, batch: bool = False, timeout: float = 30.0
) -> dict[int, Outcome]:
    work = RunHandlerStep(Handler("text", "f", function, batch, POLICY, "messages", timeout), jitter=lambda top: top)
    return {
        int(identity.split(b"-")[0]): verdict for identity, verdict in work.run(entries, lambda: False, TakeTimings())
    }


class Strange(BaseException):
    """Such as gevent's timeouts and trio's cancellations."""


class Broken(Exception):
    """Its text cannot be had."""

    def __str__(self) -> str:
        raise AttributeError("no text")


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize(
    ("error", "text"),
    [
        (asyncio.CancelledError("the coroutine was cancelled"), "CancelledError: the coroutine was cancelled"),
        (SystemExit(1), "SystemExit: 1"),
        (GeneratorExit(), "GeneratorExit"),
        (RecursionError("too deep"), "RecursionError: too deep"),
        (MemoryError(), "MemoryError"),
        (Strange("odd"), "Strange: odd"),
        (Broken(), "Broken: (its __str__ raised AttributeError)"),
        (ValueError("half an emoji \ud83d"), "ValueError: half an emoji \ud83d"),
        (StopIteration(), "StopIteration"),
        (ExceptionGroup("several", [ValueError("one")]), "ExceptionGroup: several (1 sub-exception)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_a_handler_raises_is_its_own_events_affair(error: BaseException, text: str, batch: bool) -> None:
    def handle(given: Event | Sequence[Event]) -> None:
        if any(isinstance(event, TextMessage) and event.text == "2" for event in _events(given)):
            raise error

    verdicts = _run(handle, taken(1), taken(2), taken(3), batch=batch)
    assert verdicts == {1: Completed(), 2: Rescheduled(1.0, text, failed=True), 3: Completed()}


def test_an_error_without_words_can_end_in_a_dead_letter_too() -> None:
    def handle(event: Event) -> None:
        raise Broken

    verdict = _run(handle, taken(1, attempts=2))[1]
    assert isinstance(verdict, DeadLettered)
    assert (verdict.why, verdict.error) == ("exhausted", "Broken: (its __str__ raised AttributeError)")
    assert "Broken" in verdict.trace


def test_a_person_at_the_keyboard_ends_the_worker_and_not_the_event() -> None:
    def handle(event: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _run(handle, taken(1))


def test_several_culprits_are_each_found() -> None:
    bad = {"5", "6", "31"}

    def handle(events: Sequence[TextMessage]) -> None:
        if found := bad & {event.text for event in events}:
            raise ValueError(", ".join(sorted(found)))

    verdicts = _run(handle, *[taken(number) for number in range(1, 33)], batch=True)
    for number in (5, 6, 31):
        assert verdicts.pop(number) == Rescheduled(1.0, f"ValueError: {number}", failed=True)
    assert (len(verdicts), set(verdicts.values())) == (29, {Completed()})


def test_a_batch_where_all_are_culprits_costs_two_calls_an_event_at_most() -> None:
    calls: list[int] = []

    def handle(events: Sequence[Event]) -> None:
        calls.append(len(events))
        raise ValueError("all of them")

    verdicts = _run(handle, *[taken(number) for number in range(1, 65)], batch=True)
    assert (len(calls), len(verdicts)) == (127, 64)


def test_a_culprit_that_never_ends_is_found_in_its_batch() -> None:
    def handle(events: Sequence[TextMessage]) -> None:
        while any(event.text == "3" for event in events):
            pass

    verdicts = _run(handle, *[taken(number) for number in range(1, 9)], batch=True, timeout=0.02)
    culprit = verdicts.pop(3)
    assert isinstance(culprit, Rescheduled)
    assert culprit.error == "HandlerTimeout: the handler ran longer than its timeout of 0.02 s"
    assert (len(verdicts), set(verdicts.values())) == (7, {Completed()})


def test_an_outage_met_while_a_batch_is_halved_gives_all_of_it_back() -> None:
    def handle(events: Sequence[TextMessage]) -> None:
        if len(events) == 4:
            raise ValueError("one of you")
        if any(event.text == "3" for event in events):
            raise Unavailable("the database went away")

    with pytest.raises(Unavailable, match="went away"):
        _run(handle, *[taken(number) for number in range(1, 5)], batch=True)


def test_each_event_of_a_batch_has_its_own_attempts() -> None:
    def handle(events: Sequence[Event]) -> None:
        raise Retry.after(5, "not yet")

    verdicts = _run(handle, taken(1), taken(2, attempts=2), batch=True)
    assert verdicts[1] == Rescheduled(5.0, "not yet")
    assert isinstance(verdicts[2], DeadLettered)
    assert verdicts[2].why == "exhausted"


def test_entries_that_cannot_be_read_are_not_shown_to_the_handler() -> None:
    sizes: list[int] = []
    verdicts = _run(lambda events: sizes.append(len(events)), TakenEntry(b"1-0", b"\xff"), taken(2), batch=True)
    assert sizes == [1]
    assert isinstance(verdicts[1], DeadLettered)
    assert verdicts[1].why == "undecodable"
    assert verdicts[2] == Completed()


def test_a_batch_of_nothing_readable_calls_nobody() -> None:
    def handle(events: Sequence[Event]) -> None:
        raise AssertionError("called with nothing")

    assert isinstance(_run(handle, TakenEntry(b"1-0", b"junk"), batch=True)[1], DeadLettered)


def _events(given: Event | Sequence[Event]) -> Sequence[Event]:
    return [given] if isinstance(given, Event) else given
