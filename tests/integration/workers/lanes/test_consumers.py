"""Processes come and go under new names: consumers that are gone are removed, but nothing that they hold."""

import pytest
import redis
from redis.commands.core import Script

from tests.support.lanes.looking import held, spec, waiting_suspects
from workers.lanes import Completed, Lanes
from workers.lanes.client import MAX_DEATHS, MAX_DUE_RETRIES, MAX_EXPIRED_LEASES
from workers.lanes.scripts import lane_script

KEY = "sluice:lane:text.greet"


def _consumers(client: redis.Redis, key: str) -> set[bytes]:
    return {consumer["name"] for consumer in client.xinfo_consumers(key, "workers")}


def _script(client: redis.Redis, *changes: tuple[str, str]) -> Script:
    """The tick's script with parts replaced, as a server's clock cannot be set."""
    text = lane_script("maintenance")
    for part, other in changes:
        assert text.count(part) == 1, f"the script changed: {part!r}"
        text = text.replace(part, other)
    return client.register_script(text)


AT_ONCE = ("> 600000", ">= 0")  # milliseconds since the process was last seen
EVERY_TICK = ("% 60 == 0", "% 1 == 0")
NEVER = ("% 60 == 0", "% 60 == 60")


@pytest.fixture(autouse=True)
def _came_and_went(lanes: Lanes) -> None:
    lanes.register([spec("text.greet")])
    lanes.push("text.greet", [b"1", b"2"])
    lanes.take("text.greet", "holder", 1)
    [entry] = lanes.take("text.greet", "gone", 1)
    lanes.settle("text.greet", [(entry.id, Completed())])
    lanes.take_suspect("text.greet", "gone")


def _tick(script: Script) -> None:
    script(keys=[KEY], args=["text.greet", MAX_DUE_RETRIES, MAX_EXPIRED_LEASES, MAX_DEATHS])


def test_once_a_minute_consumers_that_are_gone_and_hold_nothing_are_removed(lanes: Lanes, client: redis.Redis) -> None:
    assert {b"holder", b"gone"} <= _consumers(client, KEY)
    assert b"gone" in _consumers(client, f"{KEY}:suspects")
    _tick(_script(client, AT_ONCE, EVERY_TICK))
    assert _consumers(client, KEY) == {b"holder"}
    assert _consumers(client, f"{KEY}:suspects") == set()
    assert held(client, "text.greet") == [b"1"]


def test_consumers_seen_within_ten_minutes_stay(client: redis.Redis) -> None:
    _tick(_script(client, EVERY_TICK))
    assert {b"holder", b"gone"} <= _consumers(client, KEY)


def test_no_consumer_is_removed_in_the_rest_of_the_minute(client: redis.Redis) -> None:
    _tick(_script(client, AT_ONCE, NEVER))
    assert {b"holder", b"gone"} <= _consumers(client, KEY)


def test_maintenance_of_a_lane_without_streams_removes_no_consumer(client: redis.Redis) -> None:
    client.flushall()
    _tick(_script(client, AT_ONCE, EVERY_TICK))
    assert waiting_suspects(client, "text.greet") == []
    assert client.keys() == []
