"""Heartbeats: a dead process's entries are taken over at once, a living process's never."""

import redis

from workers.lanes import Completed, Lanes, LaneSpec
from workers.lanes.heartbeats import HEARTBEAT_TIMEOUT, HEARTBEATS_KEY, HeartbeatRegistry

LANE = "text.greet"


def silence(client: redis.Redis, name: str, seconds: float) -> None:
    """As if the process had last beaten so long ago."""
    client.zincrby(HEARTBEATS_KEY, -seconds * 1000, name)


def end_grace(client: redis.Redis) -> None:
    client.delete("sluice:grace")


def test_a_process_without_heartbeats_is_dead(client: redis.Redis) -> None:
    holders = HeartbeatRegistry(client)
    holders.beat(["a", "b"])
    end_grace(client)
    silence(client, "a", HEARTBEAT_TIMEOUT - 1)
    assert holders.beat(["c"]) == []
    silence(client, "a", 2)
    assert holders.beat(["c"]) == ["a"]
    holders.forget(["a"])
    assert holders.beat(["c"]) == []


def test_one_heartbeat_revives_a_process(client: redis.Redis) -> None:
    holders = HeartbeatRegistry(client)
    holders.beat(["a"])
    end_grace(client)
    silence(client, "a", HEARTBEAT_TIMEOUT + 1)
    assert holders.beat(["a"]) == []


def test_after_an_outage_of_redis_no_process_counts_as_dead_before_all_could_send_heartbeats(
    client: redis.Redis,
) -> None:
    holders = HeartbeatRegistry(client)
    holders.beat(["a", "b"])
    end_grace(client)
    for name in ("a", "b"):
        silence(client, name, 60)
    client.decrby("sluice:beaten", 60_000)  # nobody at all has beaten for a minute
    assert holders.beat(["a"]) == []
    grace = client.get("sluice:grace")
    assert grace is not None
    seconds, micros = client.time()
    remaining = int(grace) / 1000 - seconds - micros / 1e6
    assert HEARTBEAT_TIMEOUT - 1 < remaining <= HEARTBEAT_TIMEOUT
    end_grace(client)
    assert holders.beat(["a"]) == ["b"]


def test_entries_of_a_dead_process_become_suspects_at_once_and_others_keep_theirs(
    client: redis.Redis, lanes: Lanes
) -> None:
    lanes.register([LaneSpec(LANE, "messages", 10, 3_600_000)])
    lanes.push(LANE, [b"1", b"2", b"3"])
    lanes.take(LANE, "dead", 2)
    (kept,) = lanes.take(LANE, "alive", 1)
    assert lanes.run_maintenance([LANE], ["dead"])[LANE].made_suspects == 2
    assert lanes.run_maintenance([LANE], ["dead"])[LANE].held_by_dead == 0
    assert [lanes.take_suspect(LANE, "alive")[0].data for _ in range(2)] == [b"1", b"2"]
    assert lanes.settle(LANE, [(kept.id, Completed())])[:3] == (1, 0, 0)


def test_a_dead_process_cannot_settle_any_more(client: redis.Redis, lanes: Lanes) -> None:
    lanes.register([LaneSpec(LANE, "messages", 10, 3_600_000)])
    lanes.push(LANE, [b"1"])
    (taken,) = lanes.take(LANE, "dead", 1)
    lanes.run_maintenance([LANE], ["dead"])
    assert lanes.settle(LANE, [(taken.id, Completed())])[:3] == (0, 0, 0)


def test_suspects_of_a_dead_process_count_their_deaths(client: redis.Redis, lanes: Lanes) -> None:
    lanes.register([LaneSpec(LANE, "messages", 10, 3_600_000)])
    lanes.push(LANE, [b"1"])
    lanes.take(LANE, "first", 1)
    lanes.run_maintenance([LANE], ["first"])
    lanes.take_suspect(LANE, "second")
    lanes.run_maintenance([LANE], ["second"])
    (taken,) = lanes.take_suspect(LANE, "third")
    assert taken.deaths == 2
    assert lanes.run_maintenance([LANE], ["third"])[LANE].dead_lettered == 1


def test_a_large_takeover_happens_in_steps(client: redis.Redis, lanes: Lanes) -> None:
    lanes.register([LaneSpec(LANE, "messages", 10, 3_600_000)])
    lanes.push(LANE, [b"%d" % number for number in range(250)])
    lanes.take(LANE, "dead", 250)
    assert [lanes.run_maintenance([LANE], ["dead"])[LANE].held_by_dead for _ in range(4)] == [100, 100, 50, 0]
    assert client.xlen(f"sluice:lane:{LANE}:suspects") == 250
