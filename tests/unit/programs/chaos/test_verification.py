"""The verification finds each kind of fault that may befall an event."""

from collections import Counter

import orjson
import pytest

from tests.programs.chaos.expected import ANY, Expected, Key, Row, expected
from tests.programs.chaos.verification import Found, Letter, Verification, verify
from workers.devtools.simulation import SimulatedTraffic, SimulatedWebhook

_TEXT = {"type": "text", "from": "919800000001", "timestamp": "1790000000"}


def text(number: int, body: str = "hello") -> SimulatedWebhook:
    message = _TEXT | {"id": f"wamid.{number}", "text": {"body": body}}
    return SimulatedWebhook(orjson.dumps({"messages": message}), 200, ())


def found_for(right: Expected) -> Found:
    """What is there if all went well."""
    runs = Counter((lane.partition(".")[2], key) for lane, keys in right.lanes.items() for key in keys)
    ended = {lane: len(keys) for lane, keys in right.lanes.items()}
    letters = [Letter(lane, key, min(reasons)) for (lane, key), reasons in right.dead.items()]
    tables: dict[str, dict[Key, Row]] = {
        name: {key: tuple("x" if value == ANY else value for value in row) for key, row in rows.items()}
        for name, rows in right.tables.items()
    }
    return Found(tables, letters, ended, len(right.tables["events"]), runs)


SURE = expected([text(1), text(2), text(3, "chaos:exit")])
KEY = "m:text:wamid.1"


def verified(found: Found, possible: Expected = SURE) -> Verification:
    return verify(SURE, possible, found)


def without(found: Found, table: str, key: str) -> Found:
    rows = {where: row for where, row in found.tables[table].items() if where != (key,)}
    return found._replace(tables={**found.tables, table: rows})


def test_all_that_is_as_it_should_be_is_right() -> None:
    assert verified(found_for(SURE)).is_right


def test_an_event_that_is_nowhere_is_lost() -> None:
    assert verified(without(found_for(SURE), "events", KEY)).lost == [f"event {KEY} is nowhere"]


def test_an_event_without_its_row_that_is_a_dead_letter_is_wrong_and_not_lost() -> None:
    found = without(found_for(SURE), "events", KEY)
    amiss = verified(found._replace(letters=[*found.letters, Letter("text.store", KEY, "exhausted")]))
    assert not amiss.lost
    assert len(amiss.wrong) == 2  # the row that is missing, and the letter


def test_a_handler_that_never_ran_has_lost_the_event() -> None:
    found = found_for(SURE)
    del found.runs["answer", KEY]
    assert verified(found).lost == [f"text.answer never ran for {KEY}"]


def test_an_entry_that_came_to_its_lane_twice_is_doubled() -> None:
    found = found_for(SURE)
    amiss = verified(found._replace(ended={**found.ended, "text.answer": 4}))
    assert len(amiss.doubled) == 1


def test_an_event_that_passed_the_dedupe_twice_is_doubled() -> None:
    found = found_for(SURE)
    assert len(verified(found._replace(added=found.added + 2)).doubled) == 2


def test_runs_that_were_repeated_are_right() -> None:
    found = found_for(SURE)
    found.runs["answer", KEY] += 5
    assert verified(found).is_right


@pytest.mark.parametrize("table", ["messages", "events", "customers"])
def test_a_row_that_differs_is_wrong(table: str) -> None:
    found = found_for(SURE)
    key, row = next(iter(found.tables[table].items()))
    rows = {**found.tables[table], key: (*row[:1], "other", *row[2:])}
    assert len(verified(found._replace(tables={**found.tables, table: rows})).wrong) == 1


def test_a_row_that_no_webhook_leads_to_is_wrong() -> None:
    found = found_for(SURE)
    rows = {**found.tables["customers"], ("4711",): ("4711", None, None, None)}
    assert len(verified(found._replace(tables={**found.tables, "customers": rows})).wrong) == 1


def test_rows_of_a_webhook_that_was_sent_and_not_acknowledged_are_right() -> None:
    possible = expected([text(1), text(2), text(3, "chaos:exit"), text(4)])
    assert verified(found_for(possible), possible).is_right
    assert verified(found_for(SURE), possible).is_right
    assert not verified(found_for(possible)).is_right


def test_a_dead_letter_is_wrong_unless_it_was_asked_for_and_for_that_reason() -> None:
    found = found_for(SURE)
    assert found.letters == [Letter("text.answer", "m:text:wamid.3", "poison")]
    assert len(verified(found._replace(letters=[*found.letters, Letter("text.answer", KEY, "poison")])).wrong) == 1
    assert len(verified(found._replace(letters=[found.letters[0]._replace(why="exhausted")])).wrong) == 1
    amiss = verified(found._replace(letters=[]))
    assert amiss.wrong == ["m:text:wamid.3 should be a dead letter of text.answer"]


def test_made_up_traffic_leads_to_the_events_it_says() -> None:
    webhooks = [webhook for webhook in SimulatedTraffic(5, 1_790_000_000).webhooks(400) if webhook.answer == 200]
    reported = {event for webhook in webhooks for event in webhook.events}
    assert len(expected(webhooks).tables["events"]) == len(reported)


def test_what_depends_on_the_time_of_receipt_may_be_anything_but_nothing() -> None:
    row = SURE.tables["events"][(KEY,)]
    assert row.count(ANY) == 1
    found = found_for(SURE)
    place = row.index(ANY)
    rows = {**found.tables["events"], (KEY,): (*row[:place], None, *row[place + 1 :])}
    assert len(verified(found._replace(tables={**found.tables, "events": rows})).wrong) == 1
