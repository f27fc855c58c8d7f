"""The circuit breaker opens when a handler fails for every event, and then failures use up no attempts."""

import pytest
import redis

from tests.support.lanes.breaking import (
    FAILED,
    HOUR,
    LANE,
    LAST,
    attempts,
    complete_one,
    hash_of,
    hold_of,
    known,
    open_breaker,
    settle,
    status,
    take,
)
from tests.support.lanes.looking import counts, dead, let_retries_wait, retrying, spec, waiting, woken
from workers.lanes import Completed, DeadLettered, FollowUp, Lanes, Outcome, Released, Rescheduled
from workers.lanes.circuit_breaker import BreakerPolicy


@pytest.fixture
def lanes(client: redis.Redis) -> Lanes:
    return known(client)


def _again(lanes: Lanes, client: redis.Redis, verdict: Outcome) -> None:
    """What waits for its next attempt makes it, and this becomes of it."""
    let_retries_wait(client, LANE, 5)
    lanes.run_maintenance([LANE])
    settle(lanes, lanes.take(LANE, "a", 100), verdict)


def test_twenty_failures_open_the_breaker_for_a_second_then_up_to_thirty() -> None:
    assert BreakerPolicy() == (20, 1.0, 30.0)
    assert BreakerPolicy().script_args() == [20, 1000, 30_000]


def test_the_breaker_opens_at_the_threshold_of_failures_without_a_success(lanes: Lanes, client: redis.Redis) -> None:
    complete_one(lanes)
    first = settle(lanes, take(lanes, b"1", b"2"), FAILED)
    assert not first.breaker.is_open
    assert hold_of(client) == 0
    second = settle(lanes, take(lanes, b"3"), FAILED)
    assert second[:3] == (1, 0, 0)
    assert second.breaker == (True, 3, "ConnectionError: the CRM", None)
    assert HOUR - 60 < hold_of(client) <= HOUR
    assert lanes.start_drain(LANE, None) == (True, False, "")


def test_entries_that_open_the_breaker_use_up_no_attempt_and_wait_for_the_hold(
    lanes: Lanes, client: redis.Redis
) -> None:
    complete_one(lanes)
    settle(lanes, take(lanes, b"1", b"2"), FAILED)
    settle(lanes, take(lanes, b"3", b"4", b"5"), FAILED)
    assert sorted(retrying(client, LANE)) == [b"1", b"2", b"3", b"4", b"5"]
    let_retries_wait(client, LANE, HOUR - 60)
    lanes.run_maintenance([LANE])
    assert sorted(waiting(client, LANE)) == [b"1", b"2"]  # they failed before, and wait as long as their policy says
    let_retries_wait(client, LANE, 60)
    lanes.run_maintenance([LANE])
    assert attempts(client) == {b"1": 1, b"2": 1, b"3": 0, b"4": 0, b"5": 0}


def test_an_entry_counts_once_in_the_streak_even_if_it_fails_repeatedly(lanes: Lanes, client: redis.Redis) -> None:
    complete_one(lanes)
    settle(lanes, take(lanes, b"bad"), FAILED)
    for _ in range(6):
        _again(lanes, client, FAILED)
    _again(lanes, client, LAST)
    assert dead(client, LANE) == [b"bad"]
    assert hash_of(client)["streak"] == "1"


def test_an_entry_does_not_count_again_after_a_release_or_the_death_of_its_holder(
    lanes: Lanes, client: redis.Redis
) -> None:
    complete_one(lanes)
    settle(lanes, take(lanes, b"bad"), FAILED)
    _again(lanes, client, Released())
    settle(lanes, lanes.take(LANE, "dead", 1), FAILED)
    let_retries_wait(client, LANE, 5)
    lanes.run_maintenance([LANE])
    lanes.take(LANE, "dead", 1)
    lanes.run_maintenance([LANE], ["dead"])
    settle(lanes, lanes.take_suspect(LANE, "a"), FAILED, suspect=True)
    assert hash_of(client)["streak"] == "1"


def test_an_entry_counts_again_once_another_has_succeeded(lanes: Lanes, client: redis.Redis) -> None:
    complete_one(lanes)
    settle(lanes, take(lanes, b"1", b"2"), FAILED)
    complete_one(lanes)
    _again(lanes, client, FAILED)
    assert hash_of(client)["streak"] == "2"
    settle(lanes, take(lanes, b"3"), FAILED)
    assert status(client) is not None


@pytest.mark.parametrize(
    "answer", [Completed(), Completed((FollowUp(b"", b"event", ()),)), DeadLettered("rejected", "STOP")]
)
def test_a_success_or_a_rejection_ends_the_streak(lanes: Lanes, client: redis.Redis, answer: Outcome) -> None:
    complete_one(lanes)
    for number in range(3):
        settle(lanes, take(lanes, b"%d" % number, b"%d" % -number), FAILED)
        assert hash_of(client)["streak"] == "2"
        settle(lanes, take(lanes, b"good"), answer)
        assert hash_of(client) == {}


@pytest.mark.parametrize("answer", [Completed(), DeadLettered("rejected", "STOP")])
def test_failures_settled_together_with_a_success_do_not_count(
    lanes: Lanes, client: redis.Redis, answer: Outcome
) -> None:
    complete_one(lanes)
    taken = take(lanes, *[b"%d" % number for number in range(100)])
    verdicts: list[tuple[bytes, Outcome]] = [(entry.id, FAILED) for entry in taken]
    verdicts[50] = (taken[50].id, answer)
    assert not lanes.settle(LANE, verdicts).breaker.is_open
    assert hash_of(client) == {}
    let_retries_wait(client, LANE, 5)
    lanes.run_maintenance([LANE])
    assert set(attempts(client).values()) == {1}


@pytest.mark.parametrize(
    "verdict",
    [
        Rescheduled(5, "in 5 s, please"),
        Rescheduled(5, "not now", counted=False),
        DeadLettered("undecodable", "no entry"),
        Released(),
    ],
    ids=["retry requested", "not counted", "undecodable", "given back"],
)
def test_outcomes_other_than_failures_neither_count_nor_end_the_streak(
    lanes: Lanes, client: redis.Redis, verdict: Outcome
) -> None:
    complete_one(lanes)
    settle(lanes, take(lanes, b"1", b"2"), FAILED)
    settle(lanes, take(lanes, b"3", b"4", b"5"), verdict)
    assert hash_of(client)["streak"] == "2"
    assert status(client) is None


def test_failures_below_the_proven_attempt_mean_nothing(lanes: Lanes, client: redis.Redis) -> None:
    settle(lanes, take(lanes, b"0"), FAILED)
    complete_one(lanes, attempts=2)
    assert hash_of(client) == {"proven": "2"}
    settle(lanes, take(lanes, *[b"%d" % number for number in range(1, 10)]), FAILED)
    assert status(client) is None
    _again(lanes, client, Completed())
    settle(lanes, take(lanes, *[b"%d" % number for number in range(11, 20)]), FAILED)
    assert status(client) is None
    _again(lanes, client, FAILED)  # now they fail at the second attempt, too
    assert status(client) is not None


def test_the_lowest_successful_attempt_is_the_proven_one(lanes: Lanes, client: redis.Redis) -> None:
    settle(lanes, take(lanes, b"0"), FAILED)
    complete_one(lanes, attempts=4)
    complete_one(lanes, attempts=5)
    assert hash_of(client) == {"proven": "4"}
    complete_one(lanes, attempts=1)
    assert hash_of(client) == {}
    settle(lanes, take(lanes, b"1"), FAILED)
    complete_one(lanes, attempts=3)  # the lane has been seen to succeed at once
    settle(lanes, take(lanes, b"2", b"3", b"4"), FAILED)
    assert status(client) is not None


def test_a_handler_that_has_never_succeeded_gets_three_attempts(lanes: Lanes, client: redis.Redis) -> None:
    settle(lanes, take(lanes, *[b"%d" % number for number in range(9)]), FAILED)
    _again(lanes, client, FAILED)
    assert status(client) is None
    _again(lanes, client, FAILED)
    assert status(client) is not None
    let_retries_wait(client, LANE, HOUR)
    lanes.run_maintenance([LANE])
    assert set(attempts(client).values()) == {2}


def test_a_handler_whose_policy_allows_fewer_attempts_gets_those(lanes: Lanes, client: redis.Redis) -> None:
    settle(lanes, take(lanes, b"1", b"2"), LAST)
    assert dead(client, LANE) == [b"1", b"2"]
    settle(lanes, take(lanes, b"3", b"4"), LAST)
    assert dead(client, LANE) == [b"1", b"2"]
    assert sorted(retrying(client, LANE)) == [b"3", b"4"]
    assert counts(client, LANE) == {"entered": 4, "dead": 2, "retry": 2, "opened": 1}


def test_entries_in_flight_when_the_breaker_opens_use_up_no_attempt_and_do_not_die(
    lanes: Lanes, client: redis.Redis
) -> None:
    complete_one(lanes)
    mine = take(lanes, b"4", b"5")
    open_breaker(lanes)
    change = lanes.settle(LANE, [(mine[0].id, FAILED), (mine[1].id, LAST)]).breaker
    assert change == (True, 0, "", None)
    assert dead(client, LANE) == []
    assert HOUR - 60 < hold_of(client) <= HOUR  # and no longer for that
    let_retries_wait(client, LANE, HOUR)
    lanes.run_maintenance([LANE])
    assert set(attempts(client).items()) >= {(b"4", 0), (b"5", 0)}


def test_a_success_of_an_entry_in_flight_does_not_close_the_breaker(lanes: Lanes, client: redis.Redis) -> None:
    complete_one(lanes)
    mine = take(lanes, b"4", b"5")
    open_breaker(lanes)
    assert lanes.settle(LANE, [(mine[0].id, Completed()), (mine[1].id, FAILED)]).breaker.is_open
    assert status(client) is not None
    assert attempts(client).get(b"5", 0) == 0


def test_other_lanes_are_not_affected(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("text.other", "others")])
    open_breaker(lanes)
    lanes.push("text.other", [b"x"])
    assert woken(client, "others") == ["text.other"]
    assert lanes.start_drain("text.other", None) == (False, False, "")
    [entry] = lanes.take("text.other", "a", 1)
    assert not lanes.settle("text.other", [(entry.id, FAILED)]).breaker.is_open


def test_the_status_of_an_open_breaker_is_reported(lanes: Lanes, client: redis.Redis) -> None:
    assert status(client) is None
    open_breaker(lanes)
    client.hincrby(f"sluice:lane:{LANE}:breaker", "since", -90_000)
    found = status(client)
    assert found is not None
    assert found.since_ms == pytest.approx(client.time()[0] * 1000 - 90_000, abs=5000)
    assert found.open_s == pytest.approx(90, abs=5)
    assert (found.error, found.tries) == ("ConnectionError: the CRM", 0)
    assert found.next_try_s == pytest.approx(HOUR, abs=60)


def test_the_outcome_of_a_lost_entry_does_not_count(lanes: Lanes, client: redis.Redis) -> None:
    complete_one(lanes)
    taken = take(lanes, b"1", b"2")
    settle(lanes, taken, FAILED)
    assert not settle(lanes, taken, FAILED).breaker.is_open
    assert hash_of(client)["streak"] == "2"
    assert not lanes.settle(LANE, [(b"1-1", FAILED)] * 5).breaker.is_open


def test_the_outcome_of_a_purged_entry_does_not_count(lanes: Lanes, client: redis.Redis) -> None:
    complete_one(lanes)
    taken = take(lanes, b"1", b"2", b"3")
    client.xdel(f"sluice:lane:{LANE}", *[entry.id for entry in taken])
    assert settle(lanes, taken, FAILED)[:3] == (3, 0, 0)
    assert hash_of(client) == {}
    assert retrying(client, LANE) == []
