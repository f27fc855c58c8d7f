"""A full Redis (over maxmemory, noeviction) refuses new work, but everything that makes room again works."""

import pytest
import redis
from redis.exceptions import OutOfMemoryError

from tests.support.lanes.looking import (
    counts,
    dead,
    everything,
    let_leases_run_out,
    let_retries_wait,
    let_wakeups_wait,
    retrying,
    spec,
    waiting,
    waiting_suspects,
    woken,
)
from workers.lanes import Completed, DeadLettered, FollowUp, Lanes, Released, Rescheduled
from workers.lanes.heartbeats import HEARTBEATS_KEY, HeartbeatRegistry


@pytest.fixture(autouse=True)
def _known(lanes: Lanes) -> None:
    lanes.register([spec("intake", grain=1), spec("text.a")])


def _fill(client: redis.Redis) -> None:
    """From now on the server has more than it may have. The fixture of the client undoes it."""
    client.config_set("maxmemory", 1)
    with pytest.raises(OutOfMemoryError):
        client.set("anything", "")


def test_a_push_is_refused_and_leaves_nothing_behind(lanes: Lanes, client: redis.Redis) -> None:
    lanes.push("intake", [b"1"])
    _fill(client)
    before = everything(client)
    with pytest.raises(OutOfMemoryError):
        lanes.push("intake", [b"2", b"3"])
    assert everything(client) == before


def test_waiting_entries_can_be_taken_and_settled_with_every_outcome(lanes: Lanes, client: redis.Redis) -> None:
    lanes.push("intake", [b"1", b"2", b"3", b"4", b"5"])
    _fill(client)
    one, two, three, four, five = lanes.take("intake", "a process that was never seen", 5)
    assert lanes.settle("intake", [(one.id, Completed((FollowUp(b"key", b"event", ("text.a",)),)))])[:3] == (1, 1, 0)
    assert lanes.settle("intake", [(two.id, Rescheduled(5, "why"))])[:3] == (1, 0, 0)
    assert lanes.settle("intake", [(three.id, DeadLettered("rejected", "why"))])[:3] == (1, 0, 0)
    assert lanes.settle("intake", [(four.id, Released())])[:3] == (1, 0, 0)
    assert lanes.settle("intake", [(five.id, Completed())])[:3] == (1, 0, 0)
    assert (waiting(client, "text.a"), woken(client)[-1]) == ([b"event"], "text.a")
    assert (retrying(client, "intake"), dead(client, "intake")) == ([b"2"], [b"3"])
    assert waiting(client, "intake") == [b"4"]
    assert counts(client, "intake") == {"entered": 5, "added": 1, "done": 2, "retry": 1, "dead": 1, "back": 1}


def test_a_dependency_of_a_handler_may_be_down_at_the_same_time(lanes: Lanes, client: redis.Redis) -> None:
    lanes.push("intake", [b"1"])
    _fill(client)
    lanes.suspend("intake", 60)
    assert lanes.start_drain("intake", None).is_held
    lanes.suspend("intake", 30)
    assert 29_000 < client.pttl("sluice:lane:intake:hold") <= 30_000


def test_maintenance_moves_retries_and_suspects_and_sends_wakeups(lanes: Lanes, client: redis.Redis) -> None:
    lanes.push("intake", [b"1", b"2", b"3"])
    _, two, _ = lanes.take("intake", "a", 3)
    lanes.settle("intake", [(two.id, Rescheduled(5, "why"))])
    let_retries_wait(client, "intake", 5)
    let_leases_run_out(client, "intake")
    client.delete("sluice:queue:work")
    let_wakeups_wait(client, "intake", 60)
    _fill(client)
    assert lanes.run_maintenance(["text.a", "intake"])["intake"] == (1, 2, 0, 3, 0)
    assert (waiting(client, "intake"), waiting_suspects(client, "intake")) == ([b"2"], [b"1", b"3"])
    assert woken(client) == ["intake"] * 3


def test_a_lost_wakeup_is_replaced(lanes: Lanes, client: redis.Redis) -> None:
    lanes.push("intake", [b"1"])
    client.delete("sluice:queue:work")
    let_wakeups_wait(client, "intake", 60)
    _fill(client)
    assert lanes.run_maintenance(["intake"])["intake"].wakeups_sent == 1


def test_heartbeats_go_on_and_dead_processes_are_found(client: redis.Redis) -> None:
    holders = HeartbeatRegistry(client)
    holders.beat(["dead", "alive"])
    client.zincrby(HEARTBEATS_KEY, -60_000, "dead")
    client.delete("sluice:beaten")  # as if nobody had beaten for long
    _fill(client)
    assert holders.beat(["alive", "new"]) == []
    client.delete("sluice:grace")
    assert holders.beat(["alive", "new"]) == ["dead"]
