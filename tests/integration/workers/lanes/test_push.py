"""Push: all entries are added or none, and workers that can drain them are woken without being flooded."""

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.exceptions import ResponseError

from shared.redis.connection import connect
from tests.support.examples import examples
from tests.support.lanes.looking import everything, held, spec, waiting, wakeups, woken
from workers.lanes import Lanes


def test_a_push_adds_the_entries_in_order_and_wakes_the_lane(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("text.greet")])
    lanes.push("text.greet", [b"1", b"2", b"3"])
    assert waiting(client, "text.greet") == [b"1", b"2", b"3"]
    assert woken(client) == ["text.greet"]


@settings(max_examples=examples(50))
@given(entries=st.lists(st.binary(), min_size=1, max_size=5))
def test_data_may_be_any_bytes(redis_url: str, entries: list[bytes]) -> None:
    with connect(redis_url) as client:
        client.flushall()
        lanes = Lanes(client)
        lanes.register([spec("text.greet")])
        lanes.push("text.greet", entries)
        assert waiting(client, "text.greet") == entries


@pytest.mark.parametrize(
    ("entries", "expected"),
    [(1, 1), (4, 1), (5, 2), (8, 2), (9, 3), (28, 7), (29, 8), (32, 8), (33, 8), (5000, 8)],
)
def test_wakeups_follow_the_backlog_up_to_the_cap(
    lanes: Lanes, client: redis.Redis, entries: int, expected: int
) -> None:
    lanes.register([spec("text.greet", grain=4, cap=8)])
    lanes.push("text.greet", [b"x"] * entries)
    assert woken(client) == ["text.greet"] * expected


def test_another_push_sends_only_the_missing_wakeups(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("text.greet", grain=4, cap=8)])
    numbers = []
    for _ in range(12):
        lanes.push("text.greet", [b"x", b"x"])
        numbers.append(len(wakeups(client)))
    assert numbers == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]


def test_a_thousand_small_pushes_do_not_flood_the_workers(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("text.greet", grain=4, cap=8)])
    for _ in range(1000):
        lanes.push("text.greet", [b"x"])
    assert len(wakeups(client)) == 8


def test_each_lane_of_a_shared_queue_is_woken(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec(name, "messages") for name in ("text.a", "text.b", "image.a")])
    lanes.push("text.a", [b"x"] * 1000)
    lanes.push("text.b", [b"x"])
    lanes.push("image.a", [b"x"] * 5)
    assert woken(client, "messages") == ["text.a"] * 8 + ["text.b"] + ["image.a"] * 2


def test_entries_in_flight_need_no_wakeup(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("text.greet", grain=4)])
    lanes.push("text.greet", [b"x"] * 16)
    for message in wakeups(client):
        lanes.start_drain("text.greet", message["headers"]["id"])
    client.delete("sluice:queue:work")
    lanes.take("text.greet", "a worker", 16)
    lanes.push("text.greet", [b"y"])
    assert len(wakeups(client)) == 1


def test_an_unregistered_lane_keeps_its_entries_and_sends_no_wakeup(lanes: Lanes, client: redis.Redis) -> None:
    lanes.push("text.greet", [b"early"])
    assert client.keys("sluice:queue:*") == []
    lanes.register([spec("text.greet")])
    assert lanes.run_maintenance(["text.greet"])["text.greet"].wakeups_sent == 1
    assert [entry.data for entry in lanes.take("text.greet", "a worker", 10)] == [b"early"]


def test_a_lane_takes_as_many_entries_as_its_limit_and_not_one_more(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("intake")])
    lanes.push("intake", [b"1", b"2"], limit=3)
    lanes.push("intake", [b"3"], limit=3)
    with pytest.raises(ResponseError, match=r"^BACKLOG intake"):
        lanes.push("intake", [b"4"], limit=3)
    assert waiting(client, "intake") == [b"1", b"2", b"3"]


def test_a_push_over_the_limit_leaves_nothing_behind(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("intake", grain=1)])
    lanes.push("intake", [b"1", b"2"], limit=3)
    before = everything(client)
    with pytest.raises(ResponseError, match=r"^BACKLOG"):
        lanes.push("intake", [b"3", b"4"], limit=3)
    assert everything(client) == before


def test_a_push_over_the_limit_does_not_even_create_the_lane(lanes: Lanes, client: redis.Redis) -> None:
    with pytest.raises(ResponseError, match=r"^BACKLOG"):
        lanes.push("intake", [b"1", b"2"], limit=1)
    assert everything(client) == {}


def test_the_limit_counts_entries_that_are_being_handled(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("intake")])
    lanes.push("intake", [b"1", b"2"], limit=2)
    assert len(lanes.take("intake", "a worker", 2)) == 2
    with pytest.raises(ResponseError, match=r"^BACKLOG"):
        lanes.push("intake", [b"3"], limit=2)
    assert sorted(held(client, "intake")) == [b"1", b"2"]
