"""One customer's conversation as a chat."""

from typing import Any

import orjson
import pytest

from tests.support.store.samples import at
from tests.support.store.webhooks import ASHA, RAVI, delivery_events, message_event, status_event
from workers.devtools import samples
from workers.events import MediaMetadata
from workers.parsing import split_webhook, to_event
from workers.store import Store
from workers.store.read import conversation as timeline
from workers.store.read.chat_message import (
    Attachment,
    ChatMessage,
    DeliveryState,
    Quote,
    Reaction,
    SharedContact,
    SharedLocation,
)
from workers.store.read.conversation import CustomerConversation, conversation, recent_conversations


def read_conversation(store: Store, customer: str = ASHA, **options: Any) -> CustomerConversation:
    with store.reading() as connection:
        return conversation(connection, customer, **options)


def chat_messages(store: Store, *events: Any) -> list[ChatMessage]:
    store.write(list(events))
    return list(read_conversation(store).messages)


def test_incoming_and_outgoing_messages_are_sorted_by_time(store: Store) -> None:
    store.write(
        [
            message_event("wamid.A", 10),
            *delivery_events("wamid.S", 20),
            message_event("wamid.B", 22),
            *delivery_events("wamid.R", 5, customer=RAVI),
        ]
    )
    found = read_conversation(store)
    assert (found.customer, found.name, found.older) == (ASHA, f"Name of {ASHA}", None)
    assert found.last_seen_at == at(22).replace(microsecond=0)
    assert [(bubble.direction, bubble.wamid, bubble.type, bubble.text) for bubble in found.messages] == [
        ("in", "wamid.A", "text", "text of wamid.A"),
        ("out", "wamid.S", "message", None),
        ("in", "wamid.B", "text", "text of wamid.B"),
    ]


def test_an_outgoing_message_has_its_delivery_and_the_time_of_its_first_status(store: Store) -> None:
    late = [
        status_event("wamid.S", "read", 23),
        status_event("wamid.S", "delivered", 22),
        status_event("wamid.S", "sent", 21),
    ]
    (bubble,) = chat_messages(store, *late)
    assert (bubble.key, bubble.at) == (f"s:wamid.S:sent:{ASHA}", at(21))
    assert bubble.delivery == DeliveryState("read", at(21), at(22), at(23))


def test_a_failure_has_its_code_and_title(store: Store) -> None:
    errors = [{"code": 131026, "title": "Message undeliverable"}]
    (bubble,) = chat_messages(store, status_event("wamid.S", "failed", 5, errors=errors))
    assert bubble.delivery == DeliveryState(
        "failed", failed_at=at(5), error_code=131026, error_title="Message undeliverable"
    )


def test_other_statuses_and_those_without_an_id_are_shown(store: Store) -> None:
    nameless = status_event("", "sent", 9)
    found = chat_messages(store, status_event("wamid.S", "warning", 5), status_event("wamid.S", "deleted", 6), nameless)
    assert [(bubble.wamid, bubble.delivery) for bubble in found] == [
        ("wamid.S", DeliveryState(None)),
        (None, DeliveryState(None)),
    ]


def test_each_member_of_a_group_has_its_own_delivery_state(store: Store) -> None:
    store.write([*delivery_events("wamid.S", 5), *delivery_events("wamid.S", 6, way="sent", customer=RAVI)])
    ((hers,), (his,)) = (read_conversation(store, who).messages for who in (ASHA, RAVI))
    assert hers.delivery is not None
    assert his.delivery is not None
    assert (hers.delivery.status, his.delivery.status) == ("read", "sent")


def test_an_image_has_its_media_row(store: Store) -> None:
    body = {"id": "77", "mime_type": "image/jpeg", "sha256": "abc", "caption": "look"}
    picture = message_event("wamid.A", 1, "image", body)
    fetched = MediaMetadata(id="77", url="https://media.example/77", file_size=9, fetched_at=at(3))
    (item,) = split_webhook({"messages": picture.raw, "id": "x"})
    picture = to_event(item, received_at=picture.received_at, receipt="0", metadata=fetched)
    (bubble,) = chat_messages(store, picture)
    assert (bubble.text, bubble.attachment) == (
        "look",
        Attachment("77", "image/jpeg", "abc", None, "https://media.example/77", 9, at(3), None),
    )


def test_locations_and_contacts_are_shown(store: Store) -> None:
    place = {"latitude": 18.5, "longitude": "73.8", "name": "Chowk", "address": "Pune"}
    cards = [{"name": {"formatted_name": "Sunita"}, "phones": [{"phone": "+91 98"}, {}]}, {"name": {"last_name": "R"}}]
    found = chat_messages(
        store, message_event("wamid.A", 1, "location", place), message_event("wamid.B", 2, "contacts", cards)
    )
    assert found[0].location == SharedLocation(18.5, 73.8, "Chowk", "Pune", None)
    assert found[1].contacts == (SharedContact("Sunita", ("+91 98",)), SharedContact("R", ()))


def test_a_reply_quotes_its_message(store: Store) -> None:
    found = chat_messages(
        store,
        message_event("wamid.A", 1),
        *delivery_events("wamid.S", 2),
        message_event("wamid.B", 10, context={"id": "wamid.A"}),
        message_event("wamid.C", 11, context={"id": "wamid.S"}),
    )
    assert found[2].quote == Quote("wamid.A", "in", "text", "text of wamid.A")
    assert found[3].quote == Quote("wamid.S", "out")


def test_a_message_shows_the_last_reaction_to_it(store: Store) -> None:
    def reacted(wamid: str, seconds: int, emoji: str) -> Any:
        return message_event(wamid, seconds, "reaction", {"message_id": "wamid.S", "emoji": emoji})

    store.write([*delivery_events("wamid.S", 1), reacted("wamid.1", 10, "👍"), reacted("wamid.2", 11, "❤️")])
    target, first, second = read_conversation(store).messages
    assert target.reactions == ("❤️",)
    assert (first.reaction, second.reaction) == (Reaction("👍", "wamid.S"), Reaction("❤️", "wamid.S"))
    assert second.quote == Quote("wamid.S", "out")
    assert second.text is None
    store.write([reacted("wamid.3", 12, "")])
    assert read_conversation(store).messages[0].reactions == ()


def test_edited_and_deleted_messages_are_marked(store: Store) -> None:
    edit = {"original_message_id": "wamid.A", "message": {"type": "text", "text": {"body": "Size L"}}}
    caption = {
        "message": {"type": "image", "image": {"caption": "Size XL"}}
    }  # an edit that has the id of the message itself
    revoke = {"original_message_id": "wamid.B"}
    store.write(
        [
            message_event("wamid.A", 1),
            message_event("wamid.B", 2),
            message_event("wamid.C", 3, "image", {"id": "1"}),
            message_event("wamid.E", 4, "edit", edit),
            message_event("wamid.R", 5, "revoke", revoke),
            message_event("wamid.C", 6, "edit", caption),
        ]
    )
    a, b, c, edited, revoked, again = read_conversation(store).messages
    assert (a.edited, b.revoked, c.edited) == ("Size L", True, "Size XL")
    assert (edited.change, edited.text, edited.edited) == ("edit", "Size L", None)
    assert (revoked.change, revoked.quote) == ("revoke", Quote("wamid.B", "in", "text", "text of wamid.B"))
    assert again.change == "edit"


def test_a_message_that_could_not_be_passed_on_shows_its_error(store: Store) -> None:
    errors = [{"code": 131051, "title": "Message type unknown"}, None, {"details": "x"}]
    (bubble,) = chat_messages(store, message_event("wamid.A", 1, "unsupported", errors=errors))
    assert bubble.errors == ("131051 Message type unknown",)


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_the_pages_together_are_the_complete_conversation(store: Store, limit: int) -> None:
    for number in range(4):
        store.write(
            [message_event(f"wamid.A{number}", 10 * number), *delivery_events(f"wamid.S{number}", 10 * number + 2)]
        )
    whole = read_conversation(store).messages
    assert len(whole) == 8
    cut: list[ChatMessage] = []
    page = read_conversation(store, limit=limit)
    while True:
        assert len(page.messages) <= limit
        cut = [*page.messages, *cut]
        if page.older is None:
            break
        store.write([message_event(f"wamid.late{len(cut)}", 10_000 + len(cut))])
        page = read_conversation(store, before=page.older, limit=limit)
    assert [bubble.key for bubble in cut] == [bubble.key for bubble in whole]
    assert cut == list(whole)


def test_a_page_among_many_statuses_has_a_maximum_number_of_queries(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "MAX_QUERIES_PER_PAGE", 2)
    members = [status_event("wamid.S", f"word{number}", 10 + number) for number in range(12)]
    store.write([status_event("wamid.S", "sent", 1), *members])
    page = read_conversation(store, limit=2)
    assert (page.messages, page.older is None) == ((), False)
    page = read_conversation(store, before=page.older, limit=2)
    assert [bubble.wamid for bubble in page.messages] == ["wamid.S"]


def test_an_unknown_customer_has_an_empty_conversation(store: Store) -> None:
    assert read_conversation(store, "nobody") == CustomerConversation("nobody", None, None, (), None)


def test_each_sample_is_a_chat_message(store: Store) -> None:
    for name in samples.names():
        items = split_webhook(orjson.loads(samples.load(name)))
        store.write([to_event(item, received_at=at(0), receipt="0") for item in items])
    for number in range(1, 10):
        for bubble in read_conversation(store, f"91980000000{number}").messages:
            assert bubble.direction in {"in", "out"}


def test_the_most_recent_conversations_come_first(store: Store) -> None:
    store.write(
        [
            message_event("wamid.A", 1),
            message_event("wamid.R", 2, customer=RAVI),
            message_event("wamid.B", 3, "image", {"id": "1"}),
        ]
    )
    with store.reading() as connection:
        found = recent_conversations(connection)
        assert recent_conversations(connection, 1) == found[:1]
    assert [(one.customer, one.type, one.text) for one in found] == [
        (ASHA, "image", None),
        (RAVI, "text", "text of wamid.R"),
    ]
    assert found[0].name == f"Name of {ASHA}"
