"""Wake-ups may be lost, doubled or late, and the lane is drained all the same."""

import redis

from tests.support.lanes.looking import let_retries_wait, let_wakeups_wait, spec, wakeups, woken
from tests.support.waiting import until
from workers.lanes import Completed, FollowUp, Lanes, Rescheduled


def _pop(client: redis.Redis) -> None:
    """A wake-up reaches a worker, and is lost there."""
    assert client.rpop("sluice:queue:work") is not None


def test_a_lost_wakeup_is_replaced_after_a_second(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("text.greet")])
    lanes.push("text.greet", [b"x"])
    _pop(client)
    assert lanes.run_maintenance(["text.greet"])["text.greet"].wakeups_sent == 0
    let_wakeups_wait(client, "text.greet", 1.1)
    assert lanes.run_maintenance(["text.greet"])["text.greet"].wakeups_sent == 1
    assert woken(client) == ["text.greet"]
    assert lanes.run_maintenance(["text.greet"])["text.greet"].wakeups_sent == 0  # the new one is on its way now


def test_a_push_replaces_a_lost_wakeup_too(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("text.greet")])
    lanes.push("text.greet", [b"x"])
    _pop(client)
    let_wakeups_wait(client, "text.greet", 1.1)
    lanes.push("text.greet", [b"y"])
    assert woken(client) == ["text.greet"]


def test_a_wakeup_that_waits_behind_busy_workers_is_not_doubled(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("text.greet")])
    lanes.push("text.greet", [b"x"])
    let_wakeups_wait(client, "text.greet", 29)
    assert lanes.run_maintenance(["text.greet"])["text.greet"].wakeups_sent == 0
    assert len(wakeups(client)) == 1


def test_a_wakeup_lost_among_others_is_replaced_after_thirty_seconds(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("text.greet"), spec("text.other")])
    lanes.push("text.greet", [b"x"])
    _pop(client)
    lanes.push("text.other", [b"x"])
    let_wakeups_wait(client, "text.greet", 2)
    assert lanes.run_maintenance(["text.greet"])["text.greet"].wakeups_sent == 0
    let_wakeups_wait(client, "text.greet", 29)
    assert lanes.run_maintenance(["text.greet"])["text.greet"].wakeups_sent == 1


def test_a_received_wakeup_is_no_longer_in_flight(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("text.greet")])
    lanes.push("text.greet", [b"x"])
    lanes.start_drain("text.greet", wakeups(client)[0]["headers"]["id"])
    client.delete("sluice:queue:work")
    lanes.push("text.greet", [b"y"])
    assert woken(client) == ["text.greet"]


def test_receiving_a_wakeup_twice_or_an_unknown_one_changes_nothing(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("text.greet", grain=1)])
    lanes.push("text.greet", [b"x", b"y"])
    first = wakeups(client)[0]["headers"]["id"]
    for wakeup in (first, first, "text.greet-404", None):
        lanes.start_drain("text.greet", wakeup)
    assert client.zcard("sluice:lane:text.greet:woken") == 1


def test_settling_wakes_the_lane_for_what_is_left_in_it(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("text.greet", grain=4)])
    lanes.push("text.greet", [b"x"] * 9)
    for message in wakeups(client):
        lanes.start_drain("text.greet", message["headers"]["id"])
    client.delete("sluice:queue:work")
    taken = lanes.take("text.greet", "a worker", 4)
    lanes.settle("text.greet", [(entry.id, Completed()) for entry in taken])
    assert woken(client) == ["text.greet"] * 2


def test_settling_the_last_entry_sends_no_wakeup(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("text.greet")])
    lanes.push("text.greet", [b"x"])
    lanes.start_drain("text.greet", wakeups(client)[0]["headers"]["id"])
    client.delete("sluice:queue:work")
    [entry] = lanes.take("text.greet", "a worker", 4)
    lanes.settle("text.greet", [(entry.id, Completed())])
    assert wakeups(client) == []


def test_settling_wakes_the_lanes_that_it_adds_to(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("intake", "intake"), spec("text.a", "messages"), spec("text.b", "own", grain=1)])
    lanes.push("intake", [b"x", b"y"])
    following = [Completed((FollowUp(b"", b"e", ("text.a", "text.b")),)) for _ in range(2)]
    taken = lanes.take("intake", "a worker", 2)
    lanes.settle("intake", [(entry.id, verdict) for entry, verdict in zip(taken, following, strict=True)])
    assert woken(client, "messages") == ["text.a"]
    assert woken(client, "own") == ["text.b"] * 2


def test_nothing_wakes_a_held_lane_until_its_hold_ends(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("text.greet", grain=1)])
    lanes.push("text.greet", [b"x"])
    [entry] = lanes.take("text.greet", "a worker", 1)
    client.delete("sluice:queue:work", "sluice:lane:text.greet:woken")
    lanes.suspend("text.greet", 3600)
    lanes.push("text.greet", [b"y"])
    lanes.settle("text.greet", [(entry.id, Rescheduled(0, "later"))])
    let_retries_wait(client, "text.greet", 1)
    assert lanes.run_maintenance(["text.greet"])["text.greet"] == (1, 0, 0, 0, 0)
    assert wakeups(client) == []
    assert lanes.start_drain("text.greet", None).is_held
    lanes.suspend("text.greet", 0.001)
    assert until(lambda: lanes.run_maintenance(["text.greet"])["text.greet"].wakeups_sent) == 2
    assert not lanes.start_drain("text.greet", None).is_held
