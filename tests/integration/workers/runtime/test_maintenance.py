"""The ticker: one worker a second acts for all, and an outage neither ends it nor fills the log."""

import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
import redis
from redis.exceptions import OutOfMemoryError, ResponseError

from shared.redis.connection import connect
from tests.support.lanes.looking import everything, let_retries_wait, look, spec, woken
from tests.support.log import Log
from workers.lanes import Lanes, Rescheduled
from workers.lanes.heartbeats import HEARTBEATS_KEY
from workers.runtime.celery.bootsteps import MaintenanceStep, maintenance_step
from workers.runtime.maintenance import LaneMaintenance

LANE = "text.greet"


@pytest.fixture
def nowhere() -> Iterator[Lanes]:
    """Lanes of a Redis that is not there."""
    with connect("redis://127.0.0.1:1/0", retries=0) as client:
        yield Lanes(client)


def _let_a_second_pass(client: redis.Redis) -> None:
    client.delete("sluice:tick")


def test_the_first_tick_makes_the_lanes_known_and_wakes_them(lanes: Lanes, client: redis.Redis, log: Log) -> None:
    lanes.push(LANE, [b"it was here first"])
    LaneMaintenance(lambda: lanes, [spec(LANE)])()
    assert woken(client) == [LANE]
    assert log.lines == []


def test_one_of_many_tickers_acts_each_second(lanes: Lanes, client: redis.Redis) -> None:
    tickers = [LaneMaintenance(lambda: lanes, [spec(LANE)]) for _ in range(3)]
    for ticker in tickers:
        ticker()
    for number in range(3):
        lanes.push(LANE, [b"%d" % number])
        [entry] = lanes.take(LANE, "a", 1)
        lanes.settle(LANE, [(entry.id, Rescheduled(5, "why"))])
        let_retries_wait(client, LANE, 5)
        client.set("sluice:tick", "")
        tickers[number]()
        assert len(look(client, LANE).retrying) == 1  # this second's tick was before
        _let_a_second_pass(client)
        tickers[number - 1]()
        assert look(client, LANE).retrying == []
        lanes.take(LANE, "a", 1)


def test_the_turn_ends_before_the_next_tick_is_due(
    lanes: Lanes, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.runtime.maintenance.MAINTENANCE_INTERVAL", 1000.0)
    LaneMaintenance(lambda: lanes, [spec(LANE)])()
    assert 800_000 < client.pttl("sluice:tick") < 1_000_000


def test_lanes_are_made_known_again_after_redis_lost_its_data(lanes: Lanes, client: redis.Redis) -> None:
    ticker = LaneMaintenance(lambda: lanes, [spec(LANE)])
    ticker()
    client.flushall()
    lanes.push(LANE, [b"1"])
    ticker()
    assert woken(client) == [LANE]


def test_known_lanes_are_not_written_every_second(lanes: Lanes, client: redis.Redis) -> None:
    ticker = LaneMaintenance(lambda: lanes, [spec(LANE, grain=4)])
    ticker()
    client.hset(f"sluice:lane:{LANE}:spec", "grain", 9)
    _let_a_second_pass(client)
    ticker()
    assert client.hget(f"sluice:lane:{LANE}:spec", "grain") == b"9"


def test_an_outage_is_logged_once_and_so_is_its_end(lanes: Lanes, nowhere: Lanes, log: Log) -> None:
    source = [nowhere]
    ticker = LaneMaintenance(lambda: source[0], [spec(LANE)])
    for _ in range(3):
        ticker()
    assert [line[:2] for line in log.take()] == [("error", "Redis cannot be reached; the lanes wait")]
    source[0] = lanes
    for _ in range(3):
        ticker()
    assert [line[:2] for line in log.take()] == [("info", "Redis is available again")]
    source[0] = nowhere
    ticker()
    assert [line[:2] for line in log.take()] == [("error", "Redis cannot be reached; the lanes wait")]


@pytest.mark.parametrize("error", [OSError("no route"), redis.TimeoutError("slow"), ResponseError("READONLY")])
def test_no_outage_ends_the_worker_that_ticks(error: Exception, log: Log) -> None:
    def fail() -> Lanes:
        raise error

    LaneMaintenance(fail, [spec(LANE)])()
    assert len(log.take()) == 1


def test_that_redis_is_full_is_not_reported_as_if_it_were_away(log: Log) -> None:
    def fail() -> Lanes:
        raise OutOfMemoryError("command not allowed when used memory > 'maxmemory'.")

    LaneMaintenance(fail, [spec(LANE)])()
    [(level, event, _)] = log.take()
    assert (level, event.partition(":")[0]) == ("error", "Redis is full")


def test_a_fault_of_ours_is_not_taken_for_an_outage() -> None:
    with pytest.raises(ZeroDivisionError):
        LaneMaintenance(lambda: 1 // 0, [spec(LANE)])()  # type: ignore[arg-type, return-value]


def test_in_a_full_redis_everybody_ticks_and_what_waits_is_woken(lanes: Lanes, client: redis.Redis) -> None:
    known = LaneMaintenance(lambda: lanes, [spec(LANE)])
    known()
    lanes.push(LANE, [b"1"])
    for fresh in (
        known,
        LaneMaintenance(lambda: lanes, [spec(LANE)]),
    ):  # the other is of a worker that was just started
        client.delete("sluice:queue:work", f"sluice:lane:{LANE}:woken", "sluice:tick")
        client.config_set("maxmemory", 1)
        fresh()
        client.config_set("maxmemory", 0)
        assert woken(client) == [LANE]


def test_what_a_silent_process_held_is_taken_over_and_it_is_forgotten(
    lanes: Lanes, client: redis.Redis, log: Log
) -> None:
    ticker = LaneMaintenance(lambda: lanes, [spec(LANE)], consumer_name=lambda pid: f"process {pid}")
    ticker([1, 2])
    lanes.push(LANE, [b"1", b"2"])
    lanes.take(LANE, "process 1", 1)
    lanes.take(LANE, "process 2", 1)
    client.zincrby(HEARTBEATS_KEY, -60_000, "process 1")
    client.delete("sluice:grace")
    for _ in range(3):
        _let_a_second_pass(client)
        ticker([2])
    assert (look(client, LANE).suspects, look(client, LANE).held) == ([b"1"], [b"2"])
    assert client.zrange(HEARTBEATS_KEY, 0, -1) == [b"process 2"]
    assert [line[:2] for line in log.take()] == [("warning", "entries were lost by their process; they are taken over")]


def test_the_step_ticks_at_once_and_then_every_second_until_it_stops() -> None:
    seen: list[list[int]] = []
    calls: list[tuple[float, Any]] = []
    entry = Mock()

    def call_repeatedly(every: float, function: Any) -> object:
        calls.append((every, function))
        return entry

    pool = SimpleNamespace(info={"processes": [11, 12]})
    worker = SimpleNamespace(timer=SimpleNamespace(call_repeatedly=call_repeatedly), pool=pool)
    step = maintenance_step(lambda process_ids: seen.append(list(process_ids)))(worker)
    step.start(worker)
    assert seen == [[os.getpid()]]
    [(every, function)] = calls
    function()
    worker.pool = None  # so it is None while the worker stops
    function()
    assert (every, seen[1:]) == (1.0, [[os.getpid(), 11, 12], [os.getpid()]])
    step.stop(worker)
    entry.cancel.assert_called_once_with()


def test_a_step_that_never_started_can_stop() -> None:
    worker = SimpleNamespace()
    MaintenanceStep(worker).stop(worker)


def test_a_tick_leaves_other_keys_alone(lanes: Lanes, client: redis.Redis) -> None:
    client.set("somebody else's", "1")
    ticker = LaneMaintenance(lambda: lanes, [spec(LANE)])
    ticker([1])
    assert b"somebody else's" in everything(client)
    assert all(key.startswith((b"sluice:", b"somebody")) for key in everything(client))
