"""An open breaker waits, then lets one probe through at a time, across all processes."""

from concurrent.futures import ThreadPoolExecutor

import redis

from tests.support.media.breakers import STRICT, breaker, opened, pass_time, run, wait_of


def test_open_it_allows_nothing_for_thirty_seconds(client: redis.Redis) -> None:
    subject = opened(client)
    assert 29 <= wait_of(subject) <= 30

    pass_time(client, "b", 29)
    assert subject.allow(5) == 0
    pass_time(client, "b", 2)
    assert subject.allow(5) == 1


def test_half_open_it_lets_one_probe_through_at_a_time(client: redis.Redis, other_client: redis.Redis) -> None:
    subject, other = opened(client), breaker(other_client)
    pass_time(client, "b", 31)

    assert [subject.allow(5), other.allow(5), subject.allow(5)] == [1, 0, 0]
    assert other.open_until() is None  # a probe is under way, and may end at any time


def test_of_many_processes_one_gets_the_probe(client: redis.Redis, redis_url: str) -> None:
    opened(client)
    pass_time(client, "b", 31)

    def ask(_: int) -> int:
        with redis.Redis.from_url(redis_url) as own:
            return breaker(own).allow(3)

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(ask, range(32))) == 1


def test_a_probe_that_succeeds_closes_it_for_all(client: redis.Redis, other_client: redis.Redis) -> None:
    subject, other = opened(client), breaker(other_client)
    pass_time(client, "b", 31)
    run(subject, 1, 0)

    assert other.allow(100) == 100


def test_while_probes_fail_the_wait_doubles_up_to_fifteen_minutes(client: redis.Redis) -> None:
    subject, waits = opened(client), []
    for _ in range(8):
        waits.append(wait_of(subject))
        pass_time(client, "b", waits[-1] + 1)
        assert run(subject, 0, 1) == 1

    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]


def test_after_a_success_the_wait_begins_at_thirty_seconds_again(client: redis.Redis) -> None:
    subject = opened(client)
    pass_time(client, "b", 31)
    run(subject, 0, 1)
    pass_time(client, "b", 61)
    run(subject, 1, 0)
    assert run(subject, 0, 10) == 10

    assert wait_of(subject) == 30


def test_a_probe_whose_process_died_is_replaced_when_its_lease_ends(client: redis.Redis) -> None:
    subject = opened(client)
    pass_time(client, "b", 31)
    assert subject.allow(1) == 1

    pass_time(client, "b", STRICT.lease - 1)
    assert subject.allow(1) == 0
    pass_time(client, "b", 2)
    assert subject.allow(1) == 1


def test_a_probe_that_was_not_made_leaves_the_place_to_another(client: redis.Redis) -> None:
    subject = opened(client)
    pass_time(client, "b", 31)
    subject.allow(1)
    subject.record(0, 0, unused=1)

    assert subject.allow(1) == 1


def test_a_late_success_does_not_close_what_has_opened(client: redis.Redis) -> None:
    subject = breaker(client)
    subject.allow(20)
    subject.record(0, 10)
    subject.record(10, 0)

    assert subject.allow(1) == 0


def test_a_late_failure_does_not_lengthen_the_wait(client: redis.Redis) -> None:
    subject = breaker(client)
    subject.allow(30)
    subject.record(0, 10)
    subject.record(0, 20)

    assert wait_of(subject) == 30


def test_closed_again_it_counts_afresh(client: redis.Redis) -> None:
    subject = opened(client)
    pass_time(client, "b", 31)
    run(subject, 1, 0)
    run(subject, 0, 9)

    assert subject.allow(5) == 5
