"""`sluice dead replay`, `discard` and `export`."""

import base64
import json

import pytest

from tests.integration.workers.operations.conftest import Sluice, bury
from workers.lanes import DeadLettered, Lanes
from workers.lanes.records import DeadLetter
from workers.lanes.status import lane_statuses
from workers.operations.dead_letters.filter import DeadLetterFilter
from workers.parsing import RawEvent
from workers.runtime.event_entry import EventEntry, encode_entry

_DEAD = DeadLettered("exhausted", "boom")


def entry(kind: str, key: str) -> bytes:
    return encode_entry(EventEntry(RawEvent("message", kind, key, {"id": key}), "receipt", 1_700_000_000_000))


def dead(lanes: Lanes) -> dict[str, int]:
    return {lane.lane: lane.dead for lane in lane_statuses(lanes.client) if lane.dead}


def test_a_replayed_letter_is_in_its_lane_again_with_no_attempts(lanes: Lanes, sluice: Sluice) -> None:
    letter = bury(lanes, "text.greet", b"one")
    bury(lanes, "text.greet", b"two")
    assert sluice("dead", "replay", letter) == {"replayed": 1}
    (taken,) = lanes.take("text.greet", "test", 10)
    assert (taken.data, taken.attempts, taken.deaths) == (b"one", 0, 0)
    assert dead(lanes) == {"text.greet": 1}


def test_replaying_wakes_the_lane(lanes: Lanes, sluice: Sluice) -> None:
    letter = bury(lanes, "text.greet", b"one")
    lanes.client.delete("sluice:queue:messages", "sluice:lane:text.greet:woken")
    sluice("dead", "replay", letter)
    assert lanes.client.llen("sluice:queue:messages") == 1


def test_the_same_letter_is_replayed_once(lanes: Lanes, sluice: Sluice) -> None:
    letter = bury(lanes, "text.greet", b"one")
    assert [sluice("dead", "replay", letter), sluice("dead", "replay", letter)] == [{"replayed": 1}, {"replayed": 0}]
    assert len(lanes.take("text.greet", "test", 10)) == 1


def test_more_letters_than_one_script_takes_are_all_replayed_in_order(lanes: Lanes, sluice: Sluice) -> None:
    lanes.push("text.greet", [b"%d" % number for number in range(1203)])
    lanes.settle("text.greet", [(taken.id, _DEAD) for taken in lanes.take("text.greet", "test", 2000)])
    assert sluice("dead", "replay", "--all") == {"replayed": 1203}
    assert [int(taken.data) for taken in lanes.take("text.greet", "test", 2000)] == list(range(1203))


def test_letters_are_chosen_by_lane_type_reason_and_error(lanes: Lanes, sluice: Sluice) -> None:
    bury(lanes, "text.greet", entry("text", "1"), why="rejected", error="STOP means stop")
    bury(lanes, "text.greet", entry("text", "2"), error="ConnectionError: the CRM")
    bury(lanes, "image.store", entry("image", "3"), error="ConnectionError: the disk")
    assert sluice("dead", "discard", "--yes", "--why", "rejected") == {"discarded": 1}
    assert sluice("dead", "discard", "--yes", "--type", "image", "--error", "the crm") == {"discarded": 0}
    assert sluice("dead", "discard", "--yes", "--error", "connectionerror", "--lane", "image.store") == {"discarded": 1}
    assert sluice("dead", "discard", "--yes", "--older", "1h", "--lane", "text.greet") == {"discarded": 0}
    assert sluice("dead", "discard", "--yes", "--newer", "1h", "--lane", "text.greet") == {"discarded": 1}
    assert dead(lanes) == {}


def test_without_a_choice_nothing_is_discarded(lanes: Lanes, sluice: Sluice) -> None:
    bury(lanes, "text.greet", b"one")
    code, said = sluice("dead", "discard", "--yes", fails=True)
    assert code == 2
    assert "--all" in said
    assert dead(lanes) == {"text.greet": 1}


def test_discarding_asks_first(lanes: Lanes, sluice: Sluice) -> None:
    bury(lanes, "text.greet", b"one")
    sluice("dead", "discard", "--all", fails=True)  # nobody there to say yes
    assert dead(lanes) == {"text.greet": 1}


def test_an_export_contains_each_dead_letter_completely(lanes: Lanes, sluice: Sluice) -> None:
    bury(lanes, "text.greet", b"\x00\xff\n")
    bury(lanes, "image.store", b"two")
    lines = [json.loads(line) for line in sluice("dead", "export", plain=True).splitlines()]
    assert [line["lane"] for line in lines] == ["image.store", "text.greet"]
    assert base64.b64decode(lines[1]["data"]) == b"\x00\xff\n"
    assert lines[1]["trace"] == "traceback"
    assert dead(lanes) == {"image.store": 1, "text.greet": 1}


@pytest.mark.parametrize(
    ("wanted", "answer"),
    [
        (DeadLetterFilter(), True),
        (DeadLetterFilter(ids=frozenset({"text.greet/1-1"})), True),
        (DeadLetterFilter(ids=frozenset({"text.greet/1-2"})), False),
        (DeadLetterFilter(why="poison"), True),
        (DeadLetterFilter(why="rejected"), False),
        (DeadLetterFilter(error="BOO"), True),
        (DeadLetterFilter().with_ages(10_000, 0, 1_010_000), True),
        (DeadLetterFilter().with_ages(10_001, 0, 1_010_000), False),
        (DeadLetterFilter().with_ages(0, 10_000, 1_010_000), True),
        (DeadLetterFilter().with_ages(0, 9_999, 1_010_000), False),
        (DeadLetterFilter(type="text"), False),
    ],
)
def test_what_a_filter_matches(wanted: DeadLetterFilter, answer: bool) -> None:
    letter = DeadLetter("text.greet", "1-1", "poison", "boom: boo", "", 1, 3, 1_000_000, b"no entry")
    assert wanted.matches(letter) is answer


def test_a_dead_letter_from_a_moment_ahead_of_this_machines_clock_matches() -> None:
    letter = DeadLetter("text.greet", "1-1", "poison", "boom", "", 1, 3, 1_000_500, b"")
    assert DeadLetterFilter().matches(letter)
    assert DeadLetterFilter().with_ages(0, 60_000, 1_000_000).matches(letter)
    assert not DeadLetterFilter().with_ages(1, 0, 1_000_000).matches(letter)


@pytest.mark.parametrize("age", ["5", "h", "1.5h", "-1h", "1w"])
def test_an_invalid_age_is_refused(sluice: Sluice, age: str) -> None:
    assert sluice("dead", "discard", "--yes", "--older", age, fails=True)[0] == 2
