"""The budget: a gateway that blocks its caller after 20 failures in 60 minutes never sees a 20th."""

import random
import time

import pytest
import redis

from tests.support.media.breakers import HOUR, pass_time
from workers.media import MediaBreakerPolicy, MediaCircuitBreaker


@pytest.fixture
def breaker(client: redis.Redis) -> MediaCircuitBreaker:
    return MediaCircuitBreaker(client, "b")


def test_no_more_lookups_run_at_once_than_may_fail(breaker: MediaCircuitBreaker, other_client: redis.Redis) -> None:
    other = MediaCircuitBreaker(other_client, "b")

    assert [breaker.allow(10), other.allow(10), breaker.allow(10)] == [10, 8, 0]
    assert breaker.open_until() is None  # nothing is wrong: all places are taken
    other.record(8, 0)
    assert breaker.allow(100) == 8


def test_successes_cost_nothing(breaker: MediaCircuitBreaker) -> None:
    for _ in range(100):
        assert breaker.allow(18) == 18
        breaker.record(18, 0)


def test_each_failure_of_the_hour_takes_a_place(breaker: MediaCircuitBreaker) -> None:
    breaker.allow(18)
    breaker.record(13, 5)

    assert breaker.allow(18) == 13


def test_a_place_that_was_not_used_is_given_back(breaker: MediaCircuitBreaker) -> None:
    breaker.allow(18)
    breaker.record(1, 0, unused=17)

    assert breaker.allow(18) == 18


def test_a_process_that_died_gives_its_places_back_in_time_though_others_go_on(
    client: redis.Redis, breaker: MediaCircuitBreaker
) -> None:
    assert breaker.allow(10) == 10  # …and died
    for _ in range(12):
        pass_time(client, "b", 11)
        allowed = breaker.allow(18)
        breaker.record(allowed, 0)

    assert breaker.allow(18) == 18


def test_a_spent_budget_is_refilled_as_failures_grow_an_hour_old(client: redis.Redis) -> None:
    breaker = MediaCircuitBreaker(
        client, "b", MediaBreakerPolicy(failure_threshold=60)
    )  # which never opens for another reason
    for failures in (8, 9, 1):
        assert breaker.allow(failures) == failures
        breaker.record(0, failures)
        pass_time(client, "b", 60)

    assert breaker.allow(18) == 0
    assert breaker.open_until() == pytest.approx(time.time() + HOUR - 180, abs=2)
    pass_time(client, "b", HOUR - 175)
    assert breaker.open_until() is None
    assert breaker.allow(18) == 8


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_an_hour_never_has_a_twentieth_failure(client: redis.Redis, seed: int) -> None:
    """Four processes, an API that is well, ill or dead by turns, and batches that end in any order, within 40 s."""
    chance, now, illness = random.Random(seed), 0.0, 0.0
    processes = [MediaCircuitBreaker(client, "b") for _ in range(4)]
    under_way: list[tuple[float, MediaCircuitBreaker, int]] = []  # when it began, by whom, how many lookups
    failures: list[float] = []
    for _ in range(250):
        if chance.random() < 0.05:
            illness = chance.choice([0.0, 0.05, 0.5, 1.0])
        if under_way and (chance.random() < 0.4 or now - under_way[0][0] > 30):
            _, process, count = under_way.pop(chance.choice([0, -1]))
            failed = sum(chance.random() < illness for _ in range(count))
            process.record(count - failed, failed)
            failures += [now] * failed
        else:
            process = chance.choice(processes)
            if allowed := process.allow(chance.randrange(1, 30)):
                under_way.append((now, process, allowed))
        step = chance.choice([0.1, 1.0, 9.0]) if under_way else chance.choice([0.1, 5.0, 40.0, 300.0])
        now += step
        pass_time(client, "b", step)
        assert sum(at > now - HOUR for at in failures) + sum(count for _, _, count in under_way) <= 18

    assert failures
