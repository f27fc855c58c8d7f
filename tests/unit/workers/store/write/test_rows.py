"""Conversion of events to rows."""

import random

import pytest

from tests.support.store.samples import at, counts, row, status, text_message
from workers.events import Contact, Context, Conversation, ErrorDetail, Event, Pricing, UnknownEvent
from workers.store.schema import tables
from workers.store.write.rows import Rows, rows_of


def test_a_status_is_an_event_and_a_delivery() -> None:
    sent = status(
        "sent",
        business_number="911",
        conversation=Conversation(id="c1", origin="marketing"),
        pricing=Pricing(billable=True, category="marketing_lite"),
    )
    assert counts(sent) == {"events": 1, "deliveries": 1}
    assert row("events", sent) == {
        "key": "wamid.1:sent:919999999999",
        "kind": "status",
        "type": "sent",
        "wamid": "wamid.1",
        "customer": "919999999999",
        "business_number": "911",
        "occurred_at": at(0),
        "received_at": at(1),
        "payload": '{"id":"wamid.1","status":"sent"}',
    }
    assert row("deliveries", sent) == {
        "wamid": "wamid.1",
        "recipient": "919999999999",
        "status": "sent",
        "sent_at": at(0),
        "delivered_at": None,
        "read_at": None,
        "failed_at": None,
        "error_code": None,
        "error_title": None,
        "conversation_id": "c1",
        "category": "marketing_lite",
        "billable": True,
        "business_number": "911",
    }


@pytest.mark.parametrize(
    "event",
    [
        status("unknown", status="pending"),
        status("referral_conversion"),
        status("sent", wamid=None),
        status("sent", recipient=None),
        UnknownEvent(
            key="u", kind="unknown", type="unknown", raw=[1], occurred_at=at(0), received_at=at(0), receipt=""
        ),
    ],
)
def test_other_statuses_are_stored_as_events_only(event: Event) -> None:
    assert counts(event) == {"events": 1}


def test_played_is_a_status_without_a_time_of_its_own() -> None:
    found = row("deliveries", status("played", 9))
    assert found["status"] == "played"
    assert [found[name] for name in ("sent_at", "delivered_at", "read_at", "failed_at")] == [None] * 4


def test_only_a_failure_has_an_error() -> None:
    errors = (ErrorDetail(code=131026, title="undeliverable"), ErrorDetail(code=1))
    failed = row("deliveries", status("failed", errors=errors))
    assert (failed["error_code"], failed["error_title"]) == (131026, "undeliverable")
    assert row("deliveries", status("sent", errors=errors))["error_code"] is None


def test_a_message_is_an_event_a_message_and_a_customer() -> None:
    message = text_message("hello", 5, contact=Contact(name="Zoë"), context=Context(id="wamid.0"))
    assert counts(message) == {"events": 1, "messages": 1, "customers": 1}
    assert row("messages", message) == {
        "wamid": "wamid.1",
        "type": "text",
        "customer": "918888888888",
        "text": "hello",
        "media_id": None,
        "reply_to": "wamid.0",
        "occurred_at": at(5),
    }
    assert row("customers", message) == {"id": "918888888888", "name": "Zoë", "last_seen_at": at(5), "named_at": at(5)}


def test_a_message_without_an_id_only_updates_its_customer() -> None:
    assert counts(text_message(wamid=None)) == {"events": 1, "customers": 1}


def test_a_message_without_a_sender_has_no_customer() -> None:
    assert counts(text_message(customer=None)) == {"events": 1, "messages": 1}


def test_rows_are_unique_and_sorted_by_key() -> None:
    events: list[Event] = [status(word, 1, wamid=f"w{i % 7}") for i in range(30) for word in ("sent", "read")]
    events += [text_message(str(i), i, wamid=f"m{i % 5}", contact=Contact(name=f"n{i}")) for i in range(20)]
    expected = rows_of(events)
    for table, found in expected._asdict().items():
        width = len(tables.metadata.tables[table].primary_key.columns)
        keys = [values[:width] for values in found]
        assert keys == sorted(set(keys))
    for seed in range(20):
        random.Random(seed).shuffle(events)
        assert rows_of(events) == expected


def test_no_events_give_no_rows() -> None:
    assert rows_of([]) == Rows([], [], [], [], [])
