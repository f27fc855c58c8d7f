"""Events given to a handler, one by one or in batches."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.errors import Reject, Retry, Unavailable
from tests.support.runtime.entries import taken
from workers.events import TextMessage
from workers.handlers.registry import Handler
from workers.lanes import Completed, DeadLettered, Outcome, Released, Rescheduled, TakenEntry, TakeTimings
from workers.runtime.steps.run_handler import RunHandlerStep

POLICY = Retry(attempts=3, base=1.0, cap=1.0)


def run(
    function: Callable[[Any], None],
    *entries: TakenEntry,
    batch: bool = False,
    timeout: float = 30,
    spent: Callable[[], bool] = lambda: False,
) -> dict[int, Outcome]:
    """The verdicts by the events' numbers."""
    work = RunHandlerStep(Handler("text", "f", function, batch, POLICY, "messages", timeout), jitter=lambda top: top)
    return {int(identity.split(b"-")[0]): verdict for identity, verdict in work.run(entries, spent, TakeTimings())}


def fail_for(*numbers: int) -> Callable[[Any], None]:
    def handle(events: TextMessage | list[TextMessage]) -> None:
        for event in events if isinstance(events, list) else [events]:
            if event.text in {str(number) for number in numbers}:
                raise ValueError(f"not {event.text}")

    return handle


def test_each_event_has_its_own_verdict() -> None:
    verdicts = run(fail_for(2), taken(1), taken(2), taken(3))
    assert verdicts == {1: Completed(), 2: Rescheduled(1.0, "ValueError: not 2", failed=True), 3: Completed()}


def test_a_handler_sees_which_attempt_it_is() -> None:
    seen: list[int] = []
    run(lambda event: seen.append(event.attempt), taken(1), taken(2, attempts=2))
    assert seen == [1, 3]


def test_the_last_attempt_ends_in_a_dead_letter() -> None:
    verdict = run(fail_for(1), taken(1, attempts=2))[1]
    assert isinstance(verdict, DeadLettered)
    assert verdict.why == "exhausted"


def test_a_handler_that_exits_ends_its_run_only() -> None:
    def leave(event: TextMessage) -> None:
        raise SystemExit(3)

    left = Rescheduled(1.0, "SystemExit: 3", failed=True)
    assert run(leave, taken(1), taken(2)) == {1: left, 2: left}


def test_once_the_time_is_spent_the_rest_goes_back() -> None:
    looks = iter([False, True])
    assert run(fail_for(), taken(1), taken(2), taken(3), spent=lambda: next(looks, True)) == {
        1: Completed(),
        2: Completed(),
        3: Released(),
    }


def test_a_batch_is_one_call() -> None:
    sizes: list[int] = []
    run(lambda events: sizes.append(len(events)), taken(1), taken(2), taken(3), batch=True)
    assert sizes == [3]


def test_a_failing_batch_is_halved_until_the_culprit_stands_alone() -> None:
    calls: list[int] = []

    def handle(events: list[TextMessage]) -> None:
        calls.append(len(events))
        fail_for(37)(events)

    verdicts = run(handle, *[taken(number) for number in range(1, 129)], batch=True)
    assert verdicts.pop(37) == Rescheduled(1.0, "ValueError: not 37", failed=True)
    assert set(verdicts.values()) == {Completed()}
    assert len(verdicts) == 127
    assert len(calls) == 1 + 2 * 7  # one and, for each halving of 128, two


def test_a_rejected_event_is_found_among_its_batch() -> None:
    def handle(events: list[TextMessage]) -> None:
        if any(event.text == "2" for event in events):
            raise Reject("not this one")

    verdicts = run(handle, taken(1), taken(2), taken(3), batch=True)
    assert verdicts == {1: Completed(), 2: DeadLettered("rejected", "not this one"), 3: Completed()}


def test_a_batch_that_asks_to_be_tried_again_is_not_halved() -> None:
    calls: list[int] = []

    def handle(events: list[TextMessage]) -> None:
        calls.append(len(events))
        raise Retry.after(7)

    verdicts = run(handle, taken(1), taken(2), batch=True)
    assert calls == [2]
    assert {verdict.delay for verdict in verdicts.values() if isinstance(verdict, Rescheduled)} == {7.0}


@pytest.mark.parametrize("batch", [True, False])
def test_an_outage_is_asked_to_the_drain(batch: bool) -> None:
    def handle(events: object) -> None:
        raise Unavailable("the CRM is down")

    with pytest.raises(Unavailable, match="the CRM"):
        run(handle, taken(1), taken(2), batch=batch)


def test_an_outage_midway_keeps_what_is_done() -> None:
    def handle(event: TextMessage) -> None:
        if event.text == "2":
            raise Unavailable("down")

    assert run(handle, taken(1), taken(2), taken(3)) == {1: Completed(), 2: Released(), 3: Released()}


def test_what_is_no_entry_is_a_dead_letter_and_its_neighbours_go_on() -> None:
    verdicts = run(fail_for(), taken(1), TakenEntry(b"2-0", b"{"), TakenEntry(b"3-0", b"[]"), taken(4))
    assert [type(verdicts[number]) for number in (1, 2, 3, 4)] == [Completed, DeadLettered, DeadLettered, Completed]


def test_a_handler_that_overruns_its_timeout_is_ended() -> None:
    def spin(event: TextMessage) -> None:
        while True:
            pass

    verdict = run(spin, taken(1), timeout=0.05)[1]
    assert isinstance(verdict, Rescheduled)
    assert "timeout of 0.05 s" in verdict.error
