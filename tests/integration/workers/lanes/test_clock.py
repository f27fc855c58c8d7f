"""Redis's clock is set back after it was hours ahead: times written before do not block the lanes."""

from typing import Any

import redis

from tests.support.lanes.looking import spec, woken
from workers.lanes import Completed, Lanes
from workers.lanes.heartbeats import HEARTBEAT_TIMEOUT, HEARTBEATS_KEY, HeartbeatRegistry
from workers.runtime.maintenance import LaneMaintenance

LANE = "text.greet"
_HOURS = 5 * 3_600_000  # ms


def _set_back(client: redis.Redis, key: str) -> None:
    """As if the clock had been ahead when the key was given its time."""
    left = client.pttl(key)
    assert isinstance(left, int)
    assert left > 0
    client.pexpire(key, left + _HOURS)


def test_a_wakeup_lost_while_the_clock_was_ahead_is_sent_again(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec(LANE)])
    lanes.push(LANE, [b"one"])
    found: Any = client.zrange(f"sluice:lane:{LANE}:woken", 0, -1)
    [wakeup] = found
    client.zincrby(f"sluice:lane:{LANE}:woken", _HOURS, wakeup)
    client.delete("sluice:queue:work")
    lanes.run_maintenance([LANE])
    assert woken(client) == [LANE]


def test_a_hold_lasts_no_longer_than_intended(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec(LANE)])
    lanes.suspend(LANE, 60)
    assert lanes.start_drain(LANE, None).is_held
    _set_back(client, f"sluice:lane:{LANE}:hold")
    assert not lanes.start_drain(LANE, None).is_held
    lanes.push(LANE, [b"one"])
    assert woken(client) == [LANE]


def test_maintenance_goes_on(lanes: Lanes, client: redis.Redis) -> None:
    tickers = [LaneMaintenance(lambda: lanes, [spec(LANE)]) for _ in range(2)]
    tickers[0]()
    _set_back(client, "sluice:tick")
    tickers[1]()  # finds the turn taken for hours, and ends it
    assert client.pttl("sluice:tick") == -2


def test_a_process_that_died_while_the_clock_was_ahead_is_found_dead(client: redis.Redis) -> None:
    holders = HeartbeatRegistry(client)
    holders.beat(["a", "b"])
    client.delete("sluice:grace")
    client.zincrby(HEARTBEATS_KEY, _HOURS, "a")
    assert holders.beat(["b"]) == []
    client.zincrby(HEARTBEATS_KEY, -HEARTBEAT_TIMEOUT * 1000 - 1, "a")  # it counts from now on
    assert holders.beat(["b"]) == ["a"]


def test_a_grace_period_ends_in_time(client: redis.Redis) -> None:
    holders = HeartbeatRegistry(client)
    holders.beat(["a", "b"])
    grace = client.get("sluice:grace")
    assert isinstance(grace, bytes)
    client.set("sluice:grace", int(grace) + _HOURS)
    client.zincrby(HEARTBEATS_KEY, -HEARTBEAT_TIMEOUT * 1000 - 1, "a")
    assert holders.beat(["b"]) == ["a"]


def test_entries_are_still_taken_and_settled(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec(LANE)])
    client.xadd(f"sluice:lane:{LANE}", {"d": b"later"}, id=f"{client.time()[0] * 1000 + _HOURS}-0")
    lanes.push(LANE, [b"now"])  # a stream's ids never go back
    taken = lanes.take(LANE, "a", 10)
    assert [entry.data for entry in taken] == [b"later", b"now"]
    assert lanes.settle(LANE, [(entry.id, Completed()) for entry in taken]).entries == 2
