"""Drains, on a real Redis with a clock of the test's own."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import redis

from shared.errors import Unavailable
from tests.support.clock import Clock
from workers.lanes import Completed, Lanes, LaneSpec, TakenEntry, TakeTimings
from workers.lanes.status import lane_statuses
from workers.runtime.drain import SUSPEND_SECONDS, Drain
from workers.runtime.steps.base import Outcomes

LANE = "text.greet"


class Recorder:
    """Notes the batches; `act` is called with each."""

    def __init__(self, act: Callable[[Sequence[TakenEntry]], object] = len) -> None:
        self.batches: list[list[bytes]] = []
        self._act = act

    def run(self, entries: Sequence[TakenEntry], spent: Callable[[], bool], measures: TakeTimings) -> Outcomes:
        self.batches.append([entry.data for entry in entries])
        self._act(entries)
        return [(entry.id, Completed()) for entry in entries]


def drain(lanes: Lanes, work: Any, *, clock: Clock | None = None, batch: int = 100) -> Drain:
    return Drain(LANE, lanes, work, "test", batch=batch, budget=1.0, clock=clock or Clock())


def prepare(lanes: Lanes, count: int) -> None:
    lanes.register([LaneSpec(LANE, "messages", 10, 60_000)])
    lanes.push(LANE, [b"%d" % number for number in range(count)])


def test_a_drain_empties_its_lane_in_order_and_its_batches_grow(lanes: Lanes) -> None:
    prepare(lanes, 200)
    work = Recorder()
    assert drain(lanes, work).run() == 200
    assert [int(data) for batch in work.batches for data in batch] == list(range(200))
    assert [len(batch) for batch in work.batches] == [16, 32, 64, 88]


def test_once_its_time_is_spent_it_leaves_the_rest_and_a_wake_up(lanes: Lanes, client: redis.Redis) -> None:
    prepare(lanes, 200)
    clock = Clock()

    def take_long(entries: Sequence[TakenEntry]) -> None:
        clock.now += 0.6

    client.delete("sluice:queue:messages", f"sluice:lane:{LANE}:woken")
    assert drain(lanes, Recorder(take_long), clock=clock).run() < 200
    assert client.llen("sluice:queue:messages") > 0


def test_slow_entries_are_taken_few_at_a_time(lanes: Lanes) -> None:
    prepare(lanes, 60)
    clock, work = Clock(), Recorder(lambda entries: setattr(clock, "now", clock.now + 0.2 * len(entries)))
    slow = drain(lanes, work, clock=clock)
    for _ in range(6):
        slow.run()
    assert len(work.batches[0]) == 16
    assert {len(batch) for batch in work.batches[1:]} == {2}  # half the budget, at 0.2 s each


@pytest.mark.logs("warning")
def test_an_outage_holds_the_lane_and_costs_no_attempt(lanes: Lanes, client: redis.Redis) -> None:
    prepare(lanes, 5)

    def down(entries: Sequence[TakenEntry]) -> None:
        raise Unavailable("the database is down")

    assert drain(lanes, Recorder(down)).run() == 0
    (lane,) = lane_statuses(client)
    assert (lane.waiting, lane.in_flight, lane.retries, lane.held) == (5, 0, 0, True)
    assert 0 < client.pttl(f"sluice:lane:{LANE}:hold") <= SUSPEND_SECONDS * 1000
    again = Recorder()
    assert drain(lanes, again).run() == 0
    client.delete(f"sluice:lane:{LANE}:hold")
    drain(lanes, again).run()
    assert sorted(data for batch in again.batches for data in batch) == [b"0", b"1", b"2", b"3", b"4"]


def test_suspects_are_taken_alone_and_first(lanes: Lanes) -> None:
    prepare(lanes, 4)
    lanes.take(LANE, "dead", 2)
    lanes.run_maintenance([LANE], ["dead"])
    work = Recorder()
    assert drain(lanes, work).run() == 4
    assert work.batches == [[b"0"], [b"1"], [b"2", b"3"]]


def test_a_paused_lane_is_left_alone(lanes: Lanes, client: redis.Redis) -> None:
    prepare(lanes, 3)
    client.set(f"sluice:lane:{LANE}:paused", "")
    assert drain(lanes, Recorder()).run() == 0
