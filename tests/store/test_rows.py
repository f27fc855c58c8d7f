"""Events become rows."""

import random
from typing import Any

import pytest

from shared.jsontext import loads
from tests.store.samples import at, image, message_fields, status, text_message
from workers.events import (
    ButtonMessage,
    Contact,
    ContactCard,
    ContactsMessage,
    Context,
    Conversation,
    EditMessage,
    ErrorDetail,
    Event,
    InteractiveMessage,
    LocationMessage,
    MediaMetadata,
    Message,
    OrderMessage,
    Pricing,
    ReactionMessage,
    RevokeMessage,
    SystemMessage,
    UnknownEvent,
    UnknownMessage,
)
from workers.store import tables
from workers.store.rows import Rows, rows


def row(table: str, *events: Event) -> dict[str, Any]:
    """The only row of a table, by column."""
    (values,) = getattr(rows(events), table)
    columns = [column.name for column in tables.metadata.tables[table].columns]
    return dict(zip(columns, values, strict=True))


def counts(*events: Event) -> dict[str, int]:
    return {table: len(found) for table, found in rows(events)._asdict().items() if found}


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
def test_what_says_nothing_about_a_delivery_is_an_event_only(event: Event) -> None:
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


def test_a_message_without_an_id_has_no_row_of_its_own_but_its_customer_was_seen() -> None:
    assert counts(text_message(wamid=None)) == {"events": 1, "customers": 1}


def test_a_message_without_a_sender_has_no_customer() -> None:
    assert counts(text_message(customer=None)) == {"events": 1, "messages": 1}


CARDS = (ContactCard(formatted_name="Ann Lee"), ContactCard(first_name="Bo"), ContactCard())


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (text_message(""), None),
        (image(caption="a cat"), "a cat"),
        (ButtonMessage(text="Yes", payload="yes-1", **message_fields("button")), "Yes"),
        (ButtonMessage(payload="yes-1", **message_fields("button")), "yes-1"),
        (InteractiveMessage(title="Row 2", description="second", **message_fields("interactive")), "Row 2"),
        (OrderMessage(text="two please", **message_fields("order")), "two please"),
        (SystemMessage(text="changed number", **message_fields("system")), "changed number"),
        (LocationMessage(name="HQ", address="1 Road", **message_fields("location")), "HQ, 1 Road"),
        (LocationMessage(latitude=1.0, **message_fields("location")), None),
        (ContactsMessage(cards=CARDS, **message_fields("contacts")), "Ann Lee, Bo"),
        (ReactionMessage(emoji="👍", message_id="wamid.0", **message_fields("reaction")), "👍"),
        (UnknownMessage(stated_type="hologram", **message_fields("unknown")), None),
    ],
)
def test_the_text_of_a_message_is_what_a_person_would_read(message: Message, text: str | None) -> None:
    assert row("messages", message)["text"] == text


@pytest.mark.parametrize("kind_of", [ReactionMessage, EditMessage, RevokeMessage])
def test_a_reaction_an_edit_and_a_revocation_refer_to_their_message(kind_of: type[ReactionMessage]) -> None:
    fields = message_fields("reaction", context=Context(id="wamid.context"))
    assert row("messages", kind_of(message_id="wamid.0", **fields))["reply_to"] == "wamid.0"
    assert row("messages", kind_of(**fields))["reply_to"] == "wamid.context"


def test_media_is_known_by_the_webhook_until_its_metadata_is_fetched() -> None:
    message = image(mime_type="image/png", sha256="abc", filename="a.png", link="https://x.test/a")
    assert row("messages", message)["media_id"] == "m1"
    assert row("media", message) == {
        "id": "m1",
        "wamid": "wamid.1",
        "mime_type": "image/png",
        "sha256": "abc",
        "filename": "a.png",
        "url": "https://x.test/a",
        "file_size": None,
        "fetched_at": None,
        "error": None,
    }


def test_fetched_metadata_is_completed_by_the_webhook() -> None:
    metadata = MediaMetadata(url="https://x.test/b", mime_type="image/webp", file_size=7, fetched_at=at(9))
    found = row("media", image(mime_type="image/png", sha256="abc", link="https://x.test/a", metadata=metadata))
    assert (found["mime_type"], found["sha256"], found["url"]) == ("image/webp", "abc", "https://x.test/b")
    assert (found["file_size"], found["fetched_at"], found["error"]) == (7, at(9), None)


def test_metadata_that_could_not_be_had_leaves_its_reason() -> None:
    found = row("media", image(mime_type="image/png", metadata=MediaMetadata(error="404", fetched_at=at(9))))
    assert (found["mime_type"], found["error"], found["fetched_at"]) == ("image/png", "404", None)


def test_a_file_that_is_a_mere_link_goes_by_its_message() -> None:
    message = image(media_id=None, link="https://x.test/a")
    assert row("messages", message)["media_id"] == row("media", message)["id"] == "link:wamid.1"
    assert "media" not in counts(image(media_id=None))
    assert "media" not in counts(image(media_id=None, link="https://x.test/a", wamid=None))


def test_text_that_sql_cannot_hold_is_replaced_where_it_must_be() -> None:
    message = text_message("a\0b \ud83d. \ud83d\ude00", contact=Contact(name="\ud83d"))
    assert row("messages", message)["text"] == "a\ufffdb \ufffd. 😀"
    assert row("customers", message)["name"] == "\ufffd"


def test_the_payload_is_kept_exactly() -> None:
    raw = {"nul": "\0", "half": "\ud83d", "huge": 10**40, "deep": [{"null": None}]}
    assert loads(row("events", text_message(raw=raw))["payload"].encode()) == raw


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**400])
def test_a_number_beyond_64_bits_is_left_out(number: int) -> None:
    failed = status("failed", errors=(ErrorDetail(code=number, title="t"),))
    assert (row("deliveries", failed)["error_code"], row("deliveries", failed)["error_title"]) == (None, "t")
    assert row("media", image(metadata=MediaMetadata(file_size=number)))["file_size"] is None


def test_absurdly_long_identifiers_stay_distinct_and_fit_an_index() -> None:
    long = "😀" * 5000
    first, second = (row("events", text_message(wamid=long + end))["wamid"] for end in "ab")
    assert first != second
    assert len(first) == 255
    assert first.startswith("😀" * 100)
    assert row("messages", image(media_id=long))["media_id"] == row("media", image(media_id=long))["id"]


def test_each_key_comes_once_and_in_order_whatever_the_order_of_the_events() -> None:
    events: list[Event] = [status(word, 1, wamid=f"w{i % 7}") for i in range(30) for word in ("sent", "read")]
    events += [text_message(str(i), i, wamid=f"m{i % 5}", contact=Contact(name=f"n{i}")) for i in range(20)]
    expected = rows(events)
    for table, found in expected._asdict().items():
        width = len(tables.metadata.tables[table].primary_key.columns)
        keys = [values[:width] for values in found]
        assert keys == sorted(set(keys))
    for seed in range(20):
        random.Random(seed).shuffle(events)
        assert rows(events) == expected


def test_no_events_are_no_rows() -> None:
    assert rows([]) == Rows([], [], [], [], [])
