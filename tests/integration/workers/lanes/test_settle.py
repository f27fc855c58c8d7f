"""Settle: the outcomes of taken entries take effect all at once."""

import pytest
import redis

from tests.support.lanes.looking import (
    counts,
    dead,
    dead_letters,
    entries,
    everything,
    held,
    let_retries_wait,
    retrying,
    spec,
    waiting,
)
from workers.lanes import Completed, DeadLettered, FollowUp, Lanes, Outcome, Released, Rescheduled, TakenEntry

LANES = ("intake", "text.a", "text.b")


@pytest.fixture(autouse=True)
def _known(lanes: Lanes) -> None:
    lanes.register([spec(name) for name in LANES])


def _take(lanes: Lanes, *data: bytes) -> list[TakenEntry]:
    """Entries just pushed and taken."""
    lanes.push("intake", data)
    return lanes.take("intake", "a", len(data))


def test_completed_entries_are_removed(lanes: Lanes, client: redis.Redis) -> None:
    taken = _take(lanes, b"1", b"2", b"3")
    assert lanes.settle("intake", [(entry.id, Completed()) for entry in taken[:2]])[:3] == (2, 0, 0)
    assert held(client, "intake") == [b"3"]
    assert counts(client, "intake") == {"entered": 3, "done": 2}


def test_thousands_of_entries_can_be_completed_at_once(lanes: Lanes, client: redis.Redis) -> None:
    taken = _take(lanes, *[b"x"] * 2500)
    assert lanes.settle("intake", [(entry.id, Completed()) for entry in taken])[:3] == (2500, 0, 0)
    assert client.xlen("sluice:lane:intake") == 0
    assert held(client, "intake") == []


def test_follow_ups_are_added_to_each_of_their_lanes(lanes: Lanes, client: redis.Redis) -> None:
    first, second = _take(lanes, b"1", b"2")
    verdicts: list[tuple[bytes, Outcome]] = [
        (first.id, Completed((FollowUp(b"k1", b"e1", ("text.a", "text.b")), FollowUp(b"k2", b"e2", ("text.b",))))),
        (second.id, Completed((FollowUp(b"k3", b"e3", ("text.a",)), FollowUp(b"k4", b"e4", ())))),
    ]
    assert lanes.settle("intake", verdicts)[:3] == (2, 4, 0)
    assert waiting(client, "text.a") == [b"e1", b"e3"]
    assert waiting(client, "text.b") == [b"e1", b"e2"]
    assert counts(client, "intake") == {"entered": 2, "done": 2, "added": 4}


def test_an_event_that_comes_twice_in_one_settle_is_added_once(lanes: Lanes, client: redis.Redis) -> None:
    first, second = _take(lanes, b"1", b"2")
    event = FollowUp(b"key", b"event", ("text.a",))
    assert lanes.settle("intake", [(first.id, Completed((event, event))), (second.id, Completed((event,)))])[:3] == (
        2,
        1,
        2,
    )
    assert waiting(client, "text.a") == [b"event"]
    assert counts(client, "intake") == {"entered": 2, "done": 2, "added": 1, "duplicates": 2}


def test_an_event_that_two_workers_settle_is_added_once(lanes: Lanes, client: redis.Redis) -> None:
    lanes.push("intake", [b"1", b"2"])
    [mine], [other] = lanes.take("intake", "a", 1), lanes.take("intake", "b", 1)
    event = FollowUp(b"key", b"event", ("text.a", "text.b"))
    assert lanes.settle("intake", [(other.id, Completed((event,)))])[:3] == (1, 1, 0)
    assert Lanes(client).settle("intake", [(mine.id, Completed((event,)))])[:3] == (1, 0, 1)
    assert waiting(client, "text.a") == [b"event"]
    assert waiting(client, "text.b") == [b"event"]


def test_an_event_without_a_key_is_never_taken_for_another(lanes: Lanes, client: redis.Redis) -> None:
    [entry] = _take(lanes, b"1")
    event = FollowUp(b"", b"event", ("text.a",))
    assert lanes.settle("intake", [(entry.id, Completed((event, event)))])[:3] == (1, 2, 0)
    assert waiting(client, "text.a") == [b"event", b"event"]


def test_keys_may_be_any_bytes_and_are_compared_exactly(lanes: Lanes, client: redis.Redis) -> None:
    [entry] = _take(lanes, b"1")
    keys = [bytes([value]) * 16 for value in range(256)]
    following = tuple(FollowUp(key, key, ("text.a",)) for key in keys)
    assert lanes.settle("intake", [(entry.id, Completed(following + following))])[:3] == (1, 256, 256)
    assert waiting(client, "text.a") == keys


def test_a_duplicate_is_recognised_within_the_dedupe_window(client: redis.Redis) -> None:
    lanes = Lanes(client, dedupe_seconds=3600)
    [entry] = _take(lanes, b"1")
    lanes.settle("intake", [(entry.id, Completed((FollowUp(b"key", b"event", ("text.a",)),)))])
    assert 3590 <= client.ttl("sluice:seen:key") <= 3600
    client.delete("sluice:seen:key")  # what its end does
    [entry] = _take(lanes, b"1")
    assert lanes.settle("intake", [(entry.id, Completed((FollowUp(b"key", b"event", ("text.a",)),)))])[:3] == (1, 1, 0)


def test_a_duplicate_does_not_extend_the_dedupe_window(client: redis.Redis) -> None:
    lanes = Lanes(client, dedupe_seconds=3600)
    for _ in range(2):
        [entry] = _take(lanes, b"1")
        lanes.settle("intake", [(entry.id, Completed((FollowUp(b"key", b"event", ("text.a",)),)))])
        client.expire("sluice:seen:key", 100)
    [entry] = _take(lanes, b"1")
    lanes.settle("intake", [(entry.id, Completed((FollowUp(b"key", b"event", ("text.a",)),)))])
    assert client.ttl("sluice:seen:key") <= 100


@pytest.mark.parametrize(("counted", "attempts"), [(True, 1), (False, 0)])
def test_a_rescheduled_entry_waits_until_it_is_due(
    lanes: Lanes, client: redis.Redis, counted: bool, attempts: int
) -> None:
    [entry] = _take(lanes, b"1")
    lanes.settle("intake", [(entry.id, Rescheduled(60, "not now", counted))])
    assert (retrying(client, "intake"), held(client, "intake")) == ([b"1"], [])
    assert lanes.run_maintenance(["intake"])["intake"].retries_moved == 0
    let_retries_wait(client, "intake", 60)
    assert lanes.run_maintenance(["intake"])["intake"].retries_moved == 1
    assert [entry[1:] for entry in lanes.take("intake", "a", 5)] == [(b"1", attempts, 0)]
    assert counts(client, "intake") == {"entered": 1, "retry": 1}


def test_a_dead_letter_contains_all_details(lanes: Lanes, client: redis.Redis) -> None:
    [entry] = _take(lanes, b"1")
    lanes.settle("intake", [(entry.id, DeadLettered("rejected", "no such customer", "Traceback: …"))])
    [letter] = dead_letters(client, "intake", 10)
    assert (letter.lane, letter.why, letter.error, letter.trace) == (
        "intake",
        "rejected",
        "no such customer",
        "Traceback: …",
    )
    assert (letter.data, letter.attempts, letter.deaths) == (b"1", 1, 0)
    assert counts(client, "intake") == {"entered": 1, "dead": 1}
    assert held(client, "intake") == []
    assert client.xlen("sluice:lane:intake") == 0


def test_a_released_entry_can_be_taken_at_once_and_used_up_no_attempt(lanes: Lanes, client: redis.Redis) -> None:
    [entry] = _take(lanes, b"1")
    lanes.settle("intake", [(entry.id, Released())])
    [again] = lanes.take("intake", "b", 5)
    assert (again.data, again.attempts, again.deaths) == (b"1", 0, 0)
    assert counts(client, "intake") == {"entered": 1, "back": 1}


def test_one_settle_can_have_every_outcome(lanes: Lanes, client: redis.Redis) -> None:
    one, two, three, four, five = _take(lanes, b"1", b"2", b"3", b"4", b"5")
    verdicts: list[tuple[bytes, Outcome]] = [
        (five.id, Released()),
        (one.id, Completed()),
        (four.id, DeadLettered("exhausted", "why")),
        (two.id, Completed((FollowUp(b"key", b"event", ("text.a",)),))),
        (three.id, Rescheduled(5, "why")),
    ]
    assert lanes.settle("intake", verdicts)[:3] == (5, 1, 0)
    assert (waiting(client, "intake"), retrying(client, "intake")) == ([b"5"], [b"3"])
    assert [letter.data for letter in dead_letters(client, "intake", 10)] == [b"4"]
    assert (waiting(client, "text.a"), held(client, "intake")) == ([b"event"], [])
    assert counts(client, "intake") == {"entered": 5, "done": 2, "added": 1, "retry": 1, "dead": 1, "back": 1}


def test_settling_twice_has_no_further_effect(lanes: Lanes, client: redis.Redis) -> None:
    one, two, three, four = _take(lanes, b"1", b"2", b"3", b"4")
    verdicts: list[tuple[bytes, Outcome]] = [
        (one.id, Completed((FollowUp(b"", b"event", ("text.a",)),))),
        (two.id, Rescheduled(5, "why")),
        (three.id, DeadLettered("rejected", "why")),
        (four.id, Completed()),
    ]
    assert lanes.settle("intake", verdicts)[:3] == (4, 1, 0)
    before = everything(client)
    assert lanes.settle("intake", verdicts)[:3] == (0, 0, 0)
    assert everything(client) == before


def test_an_entry_that_was_not_taken_cannot_be_settled(lanes: Lanes, client: redis.Redis) -> None:
    lanes.push("intake", [b"1"])
    [(identity, _)] = entries(client, "sluice:lane:intake")
    every: list[Outcome] = [
        Completed((FollowUp(b"", b"event", ("text.a",)),)),
        Rescheduled(0, "why"),
        DeadLettered("rejected", ""),
        Released(),
    ]
    for verdict in every:
        assert lanes.settle("intake", [(identity, verdict)])[:3] == (0, 0, 0)
    assert waiting(client, "intake") == [b"1"]
    assert waiting(client, "text.a") == retrying(client, "intake") == dead(client, "intake") == []


def test_an_entry_that_was_not_taken_stays_where_it_is(lanes: Lanes, client: redis.Redis) -> None:
    """As after a failover to a replica that has the entry, but has not heard that it was taken."""
    taken = _take(lanes, b"1", b"2")
    client.xgroup_destroy("sluice:lane:intake", "workers")
    lanes.register([spec("intake")])
    every: list[Outcome] = [Completed(), Completed((FollowUp(b"", b"event", ("text.a",)),))]
    for verdict in every:
        assert lanes.settle("intake", [(entry.id, verdict) for entry in taken])[:3] == (0, 0, 0)
    assert waiting(client, "intake") == [b"1", b"2"]
    assert waiting(client, "text.a") == []
