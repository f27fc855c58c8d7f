"""The breaker opens before the API stops answering, and is one for all processes."""

import pytest
import redis

from tests.support.media.breakers import FREE, HOUR, STRICT, breaker, opened, run
from workers.media import MediaBreakerPolicy, MediaCircuitBreaker


@pytest.mark.parametrize(
    ("history", "open_"),
    [
        ([], False),
        ([(0, 9)], False),
        ([(0, 10)], True),
        ([(0, 5), (0, 5)], True),
        ([(50, 9)], False),
        ([(50, 10)], True),
        ([(0, 9), (50, 0), (0, 1)], True),  # the first is the 60th latest
        ([(0, 9), (51, 0), (0, 1)], False),  # …and here the 61st
        ([(190, 30)], False),  # a batch of 220 counts as 60 of the same mixture: 8 failures
        ([(170, 40)], True),  # …and this as 60 with 11
        ([(1000, 0), (0, 10)], True),
        ([(10, 1)] * 20, False),
        ([(4, 1)] * 12, True),
    ],
)
def test_it_opens_when_ten_of_the_latest_sixty_failed(
    client: redis.Redis, history: list[tuple[int, int]], open_: bool
) -> None:
    subject = breaker(client)
    for successes, failures in history:
        run(subject, successes, failures)

    assert (subject.allow(5) == 0) is open_
    assert (subject.open_until() is not None) is open_


def test_closed_it_allows_whatever_is_asked_for(client: redis.Redis) -> None:
    assert breaker(client).allow(500) == 500
    assert breaker(client).open_until() is None


def test_breakers_of_different_prefixes_are_strangers(client: redis.Redis) -> None:
    opened(client)

    assert MediaCircuitBreaker(client, "other", FREE).allow(7) == 7


def test_every_key_expires(client: redis.Redis) -> None:
    subject = breaker(client, STRICT)
    subject.allow(3)
    subject.record(1, 1)
    subject.allow(3)
    opened(client)
    subject.allow(1)

    kept = {key: client.pttl(key) / 1000 for key in client.keys("*")}
    assert set(kept) <= {b"b:state", b"b:latest", b"b:failures", b"b:under-way"}
    assert all(0 < left <= HOUR + STRICT.max_open_for for left in kept.values())


@pytest.mark.parametrize(
    "policy",
    [
        MediaBreakerPolicy(failure_threshold=0),
        MediaBreakerPolicy(failure_threshold=61),
        MediaBreakerPolicy(per_hour=0),
        MediaBreakerPolicy(lease=0.0),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(client: redis.Redis, policy: MediaBreakerPolicy) -> None:
    with pytest.raises(ValueError, match="a policy needs"):
        breaker(client, policy)
