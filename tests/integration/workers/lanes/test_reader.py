"""The reader finds what is in the lanes without changing it; the eraser removes what it is asked to, and no more."""

import json

import pytest
import redis

from tests.support.lanes.looking import dead, everything, retrying, spec, waiting
from workers.lanes import DeadLettered, Lanes, Rescheduled
from workers.lanes.dead_letter_queue import DeadLetterQueue
from workers.lanes.eraser import LaneEraser
from workers.lanes.keys import breaker_key, retries_key
from workers.lanes.reader import LaneReader, Waiting
from workers.lanes.records import DeadLetter, ScheduledRetry
from workers.lanes.status import lane_statuses

LANE = "text.greet"


@pytest.fixture
def reader(lanes: Lanes, client: redis.Redis) -> LaneReader:
    """One entry waits, one is in flight, one is rescheduled and one is dead."""
    lanes.register([spec(LANE)])
    lanes.push(LANE, [b"dead", b"retry", b"flight", b"waits"])
    first, second, _ = lanes.take(LANE, "test", 3)
    lanes.settle(LANE, [(first.id, DeadLettered("rejected", "no")), (second.id, Rescheduled(60, "later"))])
    return LaneReader(client)


def test_lanes_are_found_by_name(reader: LaneReader) -> None:
    assert reader.lanes() == [LANE]
    assert (reader.exists(LANE), reader.exists("text.other")) == (True, False)


def test_entries_are_those_that_wait_or_are_in_flight(reader: LaneReader, lanes: Lanes) -> None:
    assert (list(reader.entries(LANE)), reader.unsettled(LANE)) == ([b"flight", b"waits"], 2)
    lanes.run_maintenance([LANE], ["test"])  # what a dead process held is among the suspects
    assert (list(reader.entries(LANE)), reader.unsettled(LANE)) == ([b"waits", b"flight"], 1)


def test_retries_are_counted_by_when_they_are_due(reader: LaneReader, client: redis.Redis) -> None:
    (due,) = (retry.due_ms for retry in reader.retries(LANE, 5))
    assert reader.retry_counts(LANE, [round(due) - 1, round(due)]) == [0, 1, 0]
    assert reader.retry_counts(LANE, [round(due) - 2, round(due) - 1]) == [0, 0, 1]


def test_each_place_of_a_lane_is_searched(reader: LaneReader, client: redis.Redis) -> None:
    before = everything(client)
    assert isinstance(reader.find(LANE, b"dead", 0), DeadLetter)
    assert isinstance(reader.find(LANE, b"retry", 0), ScheduledRetry)
    assert reader.find(LANE, b"flight", 0) == reader.find(LANE, b"waits", 0) == Waiting(certain=True)
    assert reader.find(LANE, b"elsewhere", 0) is None
    assert everything(client) == before


def test_the_last_error_is_that_of_the_latest_dead_letter(reader: LaneReader, client: redis.Redis) -> None:
    assert reader.last_errors(lane_statuses(client)) == {LANE: "no"}
    DeadLetterQueue(client).discard(LANE, [letter.id for letter in reader.dead_letters(LANE)])
    assert reader.last_errors(lane_statuses(client)) == {LANE: "later"}


def test_counters_are_read_for_the_lanes_asked_for(reader: LaneReader) -> None:
    assert reader.counters([]) == {}
    counters = reader.counters([LANE, "text.other"])
    assert counters[LANE].counts == {"entered": 4, "dead": 1, "retry": 1}
    assert counters["text.other"].counts == {}


def test_dead_letters_are_limited_by_time(reader: LaneReader) -> None:
    (letter,) = reader.dead_letters(LANE)
    assert list(reader.dead_letters(LANE, since_ms=letter.at_ms)) == [letter]
    assert list(reader.dead_letters(LANE, since_ms=letter.at_ms + 1)) == []
    assert list(reader.dead_letters(LANE, until_ms=letter.at_ms)) == []
    assert list(reader.dead_letters(LANE, until_ms=letter.at_ms + 1, latest_first=True)) == [letter]


def test_the_eraser_removes_what_matches_and_nothing_else(reader: LaneReader, client: redis.Redis) -> None:
    eraser = LaneEraser(client)
    none = (eraser.erase_entries, eraser.erase_retries, eraser.erase_dead_letters)
    assert [erase(LANE, lambda _data: False) for erase in none] == [0, 0, 0]
    assert eraser.erase_entries(LANE, b"waits".__eq__) == 1
    assert eraser.erase_retries(LANE, b"retry".__eq__) == 1
    assert (waiting(client, LANE), retrying(client, LANE), dead(client, LANE)) == ([], [], [b"dead"])
    assert eraser.erase_dead_letters(LANE, b"dead".__eq__) == 1
    assert list(reader.entries(LANE)) == [b"flight"]


def test_a_breakers_error_is_erased_if_it_quotes_the_text(reader: LaneReader, client: redis.Redis) -> None:
    client.hset(breaker_key(LANE), mapping={"since": "1", "error": "no route to 919800000001"})
    eraser = LaneEraser(client)
    assert (eraser.erase_breaker_error(LANE, b"9876"), eraser.erase_breaker_error(LANE, b"919800000001")) == (0, 1)
    assert client.hgetall(breaker_key(LANE)) == {b"since": b"1"}


def test_a_retry_whose_error_is_not_valid_utf_8_is_read_without_it(reader: LaneReader, client: redis.Redis) -> None:
    member = json.dumps({"a": 2, "e": "é"}).encode().replace(b"\\u00e9", b"\xff") + b"\ndata\nof two lines"
    client.zadd(retries_key(LANE), {member: 1})
    assert reader.retries(LANE, 1) == [ScheduledRetry(1.0, 0, "", b"data\nof two lines")]
