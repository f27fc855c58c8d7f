"""The timings of a take count once, together with its settle, and never prevent it."""

import pytest
import redis

from tests.support.lanes.looking import let_leases_run_out, spec, times
from workers.lanes import Completed, Lanes, Outcome, Released, Rescheduled, TakenEntry, TakeTimings

LANE = "text.f"
NOW = 1_777_600_000.0


@pytest.fixture(autouse=True)
def _known(lanes: Lanes) -> None:
    lanes.register([spec(LANE)])


def take(lanes: Lanes, *data: bytes) -> list[TakenEntry]:
    lanes.push(LANE, data)
    return lanes.take(LANE, "a", len(data))


def measured(*lags: float, calls: int = 0) -> TakeTimings:
    measures = TakeTimings(clock=lambda: NOW)
    for lag in lags:
        measures.record_completed(NOW - lag)
    for _ in range(calls):
        measures.record_call(0.002)
    return measures


def test_lags_and_calls_add_up(lanes: Lanes, client: redis.Redis) -> None:
    for lag in (0.02, 3.0):
        [entry] = take(lanes, b"1")
        lanes.settle(LANE, [(entry.id, Completed())], timings=measured(lag, calls=2))
    assert times(client, LANE) == {
        "lag:0.025": 1,
        "lag:5": 1,
        "lag:sum": 3_020_000,
        "call:0.0025": 4,
        "call:sum": 8_000,
    }


def test_an_event_from_the_future_has_no_lag() -> None:
    assert measured(-86_400.0).increments() == {"lag:0.005": 1, "lag:sum": 0}


@pytest.mark.parametrize("verdict", [Completed(), Rescheduled(1, "why"), Released()], ids=str)
def test_a_settle_that_is_repeated_counts_once(lanes: Lanes, client: redis.Redis, verdict: Outcome) -> None:
    [entry] = take(lanes, b"1")
    for _ in range(2):  # the answer to the first was lost
        lanes.settle(LANE, [(entry.id, verdict)], timings=measured(1.0))
    assert times(client, LANE) == {"lag:1": 1, "lag:sum": 1_000_000}


def test_timings_do_not_count_if_an_entry_was_lost(lanes: Lanes, client: redis.Redis) -> None:
    taken = take(lanes, b"1", b"2")
    let_leases_run_out(client, LANE)
    lanes.run_maintenance([LANE])
    [mine] = take(lanes, b"3")
    ended = lanes.settle(LANE, [(entry.id, Completed()) for entry in (*taken, mine)], timings=measured(1.0, 1.0, 1.0))
    assert ended.entries == 1
    assert times(client, LANE) == {}


def test_an_overflowing_sum_does_not_prevent_a_settle(lanes: Lanes, client: redis.Redis) -> None:
    client.hset(f"sluice:lane:{LANE}:times", "lag:sum", 2**63 - 1)
    [entry] = take(lanes, b"1")
    assert lanes.settle(LANE, [(entry.id, Completed())], timings=measured(1.0)).entries == 1
    assert times(client, LANE) == {"lag:1": 1, "lag:sum": 2**63 - 1}
