"""Take: each entry belongs to one worker at a time."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest
import redis

from shared.redis.connection import connect
from tests.support.lanes.looking import held, let_retries_wait, spec, waiting
from tests.support.waiting import until
from workers.lanes import Completed, Lanes, Rescheduled, TakenEntry

ENTRIES = 600
TAKERS = 2


def test_entries_are_taken_in_the_order_they_came_as_many_as_asked_for(lanes: Lanes) -> None:
    lanes.register([spec("text.greet")])
    lanes.push("text.greet", [b"1", b"2", b"3"])
    assert [entry.data for entry in lanes.take("text.greet", "a", 2)] == [b"1", b"2"]
    assert [entry.data for entry in lanes.take("text.greet", "a", 2)] == [b"3"]
    assert lanes.take("text.greet", "a", 2) == []


def test_an_entry_in_flight_is_not_taken_again(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("text.greet")])
    lanes.push("text.greet", [b"1", b"2"])
    [mine] = lanes.take("text.greet", "a", 1)
    [other] = lanes.take("text.greet", "b", 10)
    assert (mine.data, other.data) == (b"1", b"2")
    assert held(client, "text.greet") == [b"1", b"2"]


def test_a_fresh_entry_has_neither_attempts_nor_deaths(lanes: Lanes) -> None:
    lanes.register([spec("text.greet")])
    lanes.push("text.greet", [b"1"])
    [entry] = lanes.take("text.greet", "a", 1)
    assert (entry.attempts, entry.deaths) == (0, 0)


def test_an_entry_carries_its_number_of_attempts(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("text.greet")])
    lanes.push("text.greet", [b"1"])
    for attempts in range(12):
        [entry] = lanes.take("text.greet", "a", 1)
        assert (entry.data, entry.attempts) == (b"1", attempts)
        lanes.settle("text.greet", [(entry.id, Rescheduled(0, "no luck"))])
        let_retries_wait(client, "text.greet", 1)
        lanes.run_maintenance(["text.greet"])


def test_an_unregistered_lane_can_be_drained(lanes: Lanes) -> None:
    lanes.push("text.greet", [b"1"])
    assert lanes.take("text.greet", "a", 1) == []  # the first look creates what is missing
    assert [entry.data for entry in lanes.take("text.greet", "a", 1)] == [b"1"]
    assert lanes.take("text.nothing", "a", 1) == []
    assert lanes.take_suspect("text.nothing", "a") == []


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_racing_workers_take_every_entry_exactly_once(
    kind: str, lanes: Lanes, client: redis.Redis, redis_url: str
) -> None:
    lanes.register([spec("text.greet")])
    lanes.push("text.greet", [b"%d" % number for number in range(ENTRIES)])
    spawn = multiprocessing.get_context("spawn")
    pool = ThreadPoolExecutor(TAKERS) if kind == "threads" else ProcessPoolExecutor(TAKERS, mp_context=spawn)
    with pool:
        shares = [taker.result() for taker in [pool.submit(_take_all, redis_url, f"{n}") for n in range(TAKERS)]]
    assert all(shares)  # else there was no race
    assert sorted(int(data) for share in shares for data in share) == list(range(ENTRIES))
    assert waiting(client, "text.greet") == []
    assert held(client, "text.greet") == []


def _take_all(redis_url: str, consumer: str) -> list[bytes]:
    with connect(redis_url) as client:
        lanes = Lanes(client)
        client.incr("ready")
        until(lambda: client.get("ready") == b"%d" % TAKERS, every=0.001)
        mine: list[bytes] = []
        while taken := lanes.take("text.greet", consumer, 7):
            mine += [entry.data for entry in taken]
            settled, *_ = lanes.settle("text.greet", [(entry.id, Completed()) for entry in taken])
            assert settled == len(taken)
        return mine


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([b"d", b"x"], TakenEntry(b"1-0", b"x")),
        ([b"d", b""], TakenEntry(b"1-0", b"")),
        ([b"d", b"x", b"a", b"3"], TakenEntry(b"1-0", b"x", 3)),
        ([b"d", b"x", b"x", b"2", b"e", b"why"], TakenEntry(b"1-0", b"x", 0, 2)),
        ([b"a", b"7", b"d", b"x"], TakenEntry(b"1-0", b"x", 7)),
        ([b"a", b"7", b"e", b"why"], TakenEntry(b"1-0", b"", 7)),
    ],
)
def test_an_entry_is_read_from_its_fields(fields: list[bytes], expected: TakenEntry) -> None:
    assert TakenEntry.from_redis(b"1-0", fields) == expected
