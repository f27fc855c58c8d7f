"""Registering lanes again is harmless: what is missing is created, and what exists stays."""

import pytest
import redis
from redis.exceptions import ResponseError

from tests.support.lanes.looking import everything, held, retrying, spec, waiting, waiting_suspects, woken
from workers.lanes import Lanes, Rescheduled

SPECS = [spec("intake", "intake"), spec("text.greet", "messages")]


def test_registering_lanes_again_changes_nothing(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register(SPECS)
    lanes.push("intake", [b"1", b"2"])
    lanes.take("intake", "a", 1)
    before = everything(client)
    lanes.register(SPECS)
    assert everything(client) == before


def test_the_last_registration_of_a_lane_counts(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("text.greet", "messages", grain=1000)])
    lanes.push("text.greet", [b"x"] * 4)
    lanes.register([spec("text.greet", "own", grain=1)])
    lanes.push("text.greet", [b"x"])
    assert woken(client, "messages") == ["text.greet"]
    assert woken(client, "own") == ["text.greet"] * 4  # five are deserved, and one is on its way


def test_registering_restores_lanes_after_redis_lost_its_data(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register(SPECS)
    client.flushall()
    lanes.push("intake", [b"1"])
    nothing = {"intake": (0, 0, 0, 0, 0), "text.greet": (0, 0, 0, 0, 0)}
    assert lanes.run_maintenance(["intake", "text.greet"]) == nothing
    assert lanes.run_maintenance(["intake", "text.greet"], ["somebody who died meanwhile"]) == nothing
    lanes.register(SPECS)
    assert lanes.run_maintenance(["intake", "text.greet"]) == {"intake": (0, 0, 0, 1, 0), "text.greet": (0, 0, 0, 0, 0)}
    [entry] = lanes.take("intake", "a", 5)
    assert entry.data == b"1"
    assert lanes.settle("intake", [(entry.id, Rescheduled(9, "later"))])[:3] == (1, 0, 0)
    assert retrying(client, "intake") == [b"1"]


def test_the_scripts_are_loaded_again_after_the_server_forgot_them(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register(SPECS)
    client.script_flush()
    lanes.push("intake", [b"1"])
    client.script_flush()
    assert lanes.run_maintenance(["intake", "text.greet"])["intake"].retries_moved == 0
    client.script_flush()
    [entry] = lanes.take("intake", "a", 5)
    assert lanes.settle("intake", [(entry.id, Rescheduled(9, "later"))])[:3] == (1, 0, 0)
    client.script_flush()
    lanes.suspend("intake", 9)
    assert lanes.start_drain("intake", None).is_held


def test_registering_a_lane_whose_stream_key_has_another_type_is_an_error(lanes: Lanes, client: redis.Redis) -> None:
    client.set("sluice:lane:text.greet", "somebody else's")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        lanes.register(SPECS)


def test_the_next_take_recreates_a_stream_that_vanished(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register(SPECS)
    client.delete("sluice:lane:intake")
    lanes.push("intake", [b"1"])
    assert lanes.take("intake", "a", 5) == []
    assert [entry.data for entry in lanes.take("intake", "a", 5)] == [b"1"]
    assert lanes.run_maintenance(["intake"])["intake"].made_suspects == 0


def test_lanes_do_not_touch_each_other(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("text.a"), spec("text.b")])
    lanes.push("text.a", [b"1"])
    lanes.push("text.b", [b"2"])
    [entry] = lanes.take("text.a", "a", 5)
    assert lanes.settle("text.b", [(entry.id, Rescheduled(0, "not its lane"))])[:3] == (0, 0, 0)
    assert held(client, "text.a") == [b"1"]
    assert (waiting(client, "text.b"), waiting_suspects(client, "text.b"), retrying(client, "text.b")) == (
        [b"2"],
        [],
        [],
    )
