"""Due retries return to their lane in order, and never enough of them at once to block the server."""

from typing import Any

import pytest
import redis

from tests.support.lanes.looking import let_retries_wait, raw, retrying, spec, waiting, woken
from workers.lanes import Lanes, Rescheduled
from workers.lanes.client import MAX_DUE_RETRIES

LANE = "text.greet"
KEY = f"sluice:lane:{LANE}"


@pytest.fixture(autouse=True)
def _known(lanes: Lanes) -> None:
    lanes.register([spec(LANE)])


def _fail(lanes: Lanes, **delays: float) -> None:
    """Reschedule entries, named by their data, with these delays in seconds."""
    lanes.push(LANE, [name.encode() for name in delays])
    taken = lanes.take(LANE, "a", len(delays))
    lanes.settle(
        LANE, [(entry.id, Rescheduled(delays[entry.data.decode()], f"{entry.data!r} failed")) for entry in taken]
    )


def test_a_retry_is_moved_when_it_is_due_and_not_before(lanes: Lanes, client: redis.Redis) -> None:
    _fail(lanes, soon=10, late=100)
    assert lanes.run_maintenance([LANE])[LANE].retries_moved == 0
    let_retries_wait(client, LANE, 9)
    assert lanes.run_maintenance([LANE])[LANE].retries_moved == 0
    let_retries_wait(client, LANE, 1)
    assert lanes.run_maintenance([LANE])[LANE].retries_moved == 1
    assert (waiting(client, LANE), retrying(client, LANE)) == ([b"soon"], [b"late"])
    assert lanes.run_maintenance([LANE])[LANE].retries_moved == 0


def test_retries_come_back_in_the_order_of_their_times(lanes: Lanes, client: redis.Redis) -> None:
    _fail(lanes, d=40, b=20, e=50, a=10, c=30)
    let_retries_wait(client, LANE, 60)
    assert lanes.run_maintenance([LANE])[LANE].retries_moved == 5
    assert waiting(client, LANE) == [b"a", b"b", b"c", b"d", b"e"]


def test_a_retry_that_is_due_wakes_its_lane(lanes: Lanes, client: redis.Redis) -> None:
    _fail(lanes, a=10)
    client.delete("sluice:queue:work", f"{KEY}:woken")
    let_retries_wait(client, LANE, 10)
    assert lanes.run_maintenance([LANE])[LANE] == (1, 0, 0, 1, 0)
    assert woken(client) == [LANE]


def test_a_retry_keeps_its_last_error(lanes: Lanes, client: redis.Redis) -> None:
    _fail(lanes, a=0)
    let_retries_wait(client, LANE, 1)
    lanes.run_maintenance([LANE])
    [(_, fields)] = raw(client, KEY)
    assert fields == {b"d": b"a", b"a": b"1", b"e": b"b'a' failed"}


def test_equal_entries_are_each_retried(lanes: Lanes, client: redis.Redis) -> None:
    lanes.push(LANE, [b"same"] * 3)
    taken = lanes.take(LANE, "a", 3)
    lanes.settle(LANE, [(entry.id, Rescheduled(5, "same")) for entry in taken])
    assert retrying(client, LANE) == [b"same"] * 3
    let_retries_wait(client, LANE, 5)
    assert lanes.run_maintenance([LANE])[LANE].retries_moved == 3
    assert waiting(client, LANE) == [b"same"] * 3


def test_one_maintenance_run_moves_a_bounded_number_of_a_hundred_thousand_due_retries(
    lanes: Lanes, client: redis.Redis
) -> None:
    _fail(lanes, model=5)
    members: Any = client.zrange(f"{KEY}:retry", 0, -1)
    head = members[0].partition(b"\n")[0]
    client.delete(f"{KEY}:retry")
    for start in range(0, 100_000, 10_000):
        client.zadd(f"{KEY}:retry", {head + b"\n%d" % number: number for number in range(start, start + 10_000)})
    assert lanes.run_maintenance([LANE])[LANE].retries_moved == MAX_DUE_RETRIES
    assert lanes.run_maintenance([LANE])[LANE].retries_moved == MAX_DUE_RETRIES
    assert waiting(client, LANE) == [b"%d" % number for number in range(2 * MAX_DUE_RETRIES)]
    assert client.zcard(f"{KEY}:retry") == 100_000 - 2 * MAX_DUE_RETRIES
