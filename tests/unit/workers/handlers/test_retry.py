"""What becomes of an event whose handler raised."""

import pytest

from shared.errors import Reject, Retry
from workers.handlers.retry import describe, outcome_of_error
from workers.lanes import DeadLettered, Rescheduled

POLICY = Retry(attempts=5, base=2.0, cap=10.0)


def longest(top: float) -> float:
    """Draws the most that may be drawn."""
    return top


@pytest.mark.parametrize(("attempt", "delay"), [(1, 2.0), (2, 4.0), (3, 8.0), (4, 10.0)])
def test_delays_grow_by_powers_of_two_up_to_the_cap(attempt: int, delay: float) -> None:
    assert outcome_of_error(OSError("x"), attempt, POLICY, longest) == Rescheduled(delay, "OSError: x", failed=True)


def test_the_delay_is_drawn_from_all_of_it() -> None:
    drawn: list[float] = []
    outcome_of_error(OSError(), 2, POLICY, lambda top: drawn.append(top) or 0.0)  # type: ignore[func-returns-value]
    assert drawn == [4.0]


@pytest.mark.parametrize("attempt", [5, 6])
def test_after_the_last_attempt_it_is_a_dead_letter_with_its_traceback(attempt: int) -> None:
    try:
        raise OSError("the disk")
    except OSError as error:
        verdict = outcome_of_error(error, attempt, POLICY, longest)
    assert isinstance(verdict, DeadLettered)
    assert (verdict.why, verdict.error, verdict.failed) == ("exhausted", "OSError: the disk", True)
    assert "the_last_attempt" in verdict.trace


def test_a_handler_may_say_when_and_that_is_no_failure() -> None:
    assert outcome_of_error(Retry.after(30), 1, POLICY, longest) == Rescheduled(
        30.0, "the handler asked for a retry after 30 s"
    )
    verdict = outcome_of_error(Retry.after(30), 5, POLICY, longest)
    assert isinstance(verdict, DeadLettered)


def test_a_bare_retry_waits_by_the_policy_and_is_a_failure() -> None:
    verdict = outcome_of_error(Retry(), 1, POLICY, longest)
    assert isinstance(verdict, Rescheduled)
    assert (verdict.delay, verdict.failed) == (2.0, True)


def test_a_rejected_event_is_dead_at_once() -> None:
    assert outcome_of_error(Reject("no"), 1, POLICY, longest) == DeadLettered("rejected", "no")


def test_an_attempt_far_beyond_any_power_of_two_is_no_fault() -> None:
    verdict = outcome_of_error(OSError(), 10_000, Retry(attempts=20_000, base=1.0, cap=60.0), longest)
    assert verdict == Rescheduled(60.0, "OSError", failed=True)


def test_an_error_is_one_line_of_bounded_length() -> None:
    described = describe(ValueError("a\nb" + "x" * 10_000))
    assert "\n" not in described
    assert len(described) == 500


@pytest.mark.parametrize("policy", [{"attempts": 0}, {"base": -1.0}, {"base": 10.0, "cap": 5.0}])
def test_a_policy_that_cannot_be_is_refused(policy: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="Retry needs"):
        Retry(**policy)  # type: ignore[arg-type]
