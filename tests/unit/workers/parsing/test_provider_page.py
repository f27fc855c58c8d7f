"""The provider's page, section by section: every parameter of its tables is read from its own samples.

The fixtures `page-*.json` are the page's samples with their placeholders. Two could not stay as they were, for they
are not JSON: the location's bare LOCATION_LATITUDE and LOCATION_LONGITUDE are numbers, the contact card is completed.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from shared.wire.lenient_json import loads
from workers.events import (
    AudioMessage,
    Contact,
    ContactCard,
    ContactsMessage,
    Conversation,
    DocumentMessage,
    Event,
    ImageMessage,
    LocationMessage,
    MediaMessage,
    Message,
    Pricing,
    StatusUpdate,
    TextMessage,
    VideoMessage,
)
from workers.parsing import split_webhook, to_event

PAGES = Path(__file__).parents[3] / "support" / "payloads"
RECEIVED = datetime(2026, 1, 1, 12, tzinfo=UTC)
E = TypeVar("E", bound=Event)


def page(name: str) -> Any:
    return loads((PAGES / f"page-{name}.json").read_bytes())


def only(name: str, kind: type[E]) -> E:
    (item,) = split_webhook(page(name))
    found = to_event(item, received_at=RECEIVED, receipt="c0ffee")
    assert type(found) is kind
    return found


# Status Callbacks


def test_the_status_example_is_read_field_by_field() -> None:
    status = only("status-example", StatusUpdate)
    assert status.wamid == "wamid.HBgM0TE5NDI5NTY2Mzk1FQIAERgSM0VCMjRENjI5MzhFNzUzNjYzAA=="
    assert status.status == "sent"
    assert status.occurred_at == datetime(2023, 6, 21, 6, 4, 22, tzinfo=UTC)
    assert status.time_is_guessed is False
    assert status.recipient == "91xxxxxxxxxx"
    assert status.conversation == Conversation(
        id="bc45913f7e57a0053b634e14c368ae4b",
        origin="service",
        expires_at=datetime(2023, 6, 22, 6, 1, tzinfo=UTC),
    )
    assert status.pricing == Pricing(billable=True, model="CBP", category="service", type=None)
    assert (status.kind, status.type) == ("status", "sent")
    assert status.key == f"s:{status.wamid}:sent:91xxxxxxxxxx"
    assert status.raw == page("status-example")["statuses"][0]


def test_the_status_template_is_an_unknown_status_with_its_placeholders() -> None:
    status = only("status-template", StatusUpdate)
    assert (status.kind, status.type, status.status) == ("status", "unknown", "STATUS")
    assert status.wamid == "WHATSAPP_MESSAGE_ID"
    assert status.recipient == "CUSTOMER_PHONE_NUMBER"
    assert (status.occurred_at, status.time_is_guessed) == (RECEIVED, True)
    assert status.conversation == Conversation(id="CONVERSATION_ID", origin="SERVICE_TYPE", expires_at=None)
    assert status.pricing == Pricing(billable=True, model="CBP", category="SERVICE_TYPE")


@pytest.mark.parametrize("word", ["sent", "delivered", "read", "failed", "referral_conversion"])
def test_each_status_of_the_page_is_a_type_of_its_own(word: str) -> None:
    document = page("status-example")
    document["statuses"][0]["status"] = word
    (item,) = split_webhook(document)
    assert (item.kind, item.type, item.reason) == ("status", word, None)


@pytest.mark.parametrize("origin", ["service", "marketing", "utility", "authentication"])
def test_each_category_and_origin_of_the_page_is_kept_as_text(origin: str) -> None:
    document = page("status-example")
    document["statuses"][0]["conversation"]["origin"]["type"] = origin
    document["statuses"][0]["pricing"]["category"] = origin
    found = to_event(split_webhook(document)[0], received_at=RECEIVED, receipt="c0ffee")
    assert isinstance(found, StatusUpdate)
    assert found.conversation is not None
    assert found.pricing is not None
    assert (found.conversation.origin, found.pricing.category) == (origin, origin)


@pytest.mark.parametrize("billable", [True, False])
def test_billable_is_true_or_false(billable: bool) -> None:
    document = page("status-example")
    document["statuses"][0]["pricing"]["billable"] = billable
    found = to_event(split_webhook(document)[0], received_at=RECEIVED, receipt="c0ffee")
    assert isinstance(found, StatusUpdate)
    assert found.pricing is not None
    assert found.pricing.billable is billable


# Incoming Messages


def assert_common(message: Message, kind: str) -> None:
    """The parameters that every table of incoming messages repeats."""
    assert message.contact == Contact(name="NAME", wa_id="PHONE_NUMBER")
    assert message.customer == "PHONE_NUMBER"
    assert message.wamid == "wamid.ID"
    assert (message.occurred_at, message.time_is_guessed) == (RECEIVED, True)
    assert (message.kind, message.type) == ("message", kind)
    assert message.key == f"m:{message.type}:wamid.ID"
    assert message.raw == page(kind)["messages"]
    assert message.context is None


def test_a_text_message_is_read_field_by_field() -> None:
    message = only("text", TextMessage)
    assert_common(message, "text")
    assert message.text == "MESSAGE_BODY"


def test_the_timestamp_of_a_message_is_when_it_was_received() -> None:
    document = page("text")
    document["messages"]["timestamp"] = "1687327462"
    found = to_event(split_webhook(document)[0], received_at=RECEIVED, receipt="c0ffee")
    assert found.occurred_at == datetime(2023, 6, 21, 6, 4, 22, tzinfo=UTC)


def test_a_reply_carries_its_context() -> None:
    document = page("text")
    document["messages"]["context"] = {"from": "918000000100", "id": "wamid.EARLIER"}
    found = to_event(split_webhook(document)[0], received_at=RECEIVED, receipt="c0ffee")
    assert isinstance(found, TextMessage)
    assert found.context is not None
    assert (found.context.id, found.context.sender) == ("wamid.EARLIER", "918000000100")


# Media Message


@pytest.mark.parametrize(
    ("kind", "shape", "mime_type"),
    [
        ("image", ImageMessage, "image/jpeg"),
        ("video", VideoMessage, "video/mp4"),
        ("audio", AudioMessage, "audio/mpeg"),
        ("document", DocumentMessage, "text/csv"),
    ],
)
def test_a_media_message_is_read_field_by_field(kind: str, shape: type[MediaMessage], mime_type: str) -> None:
    message = only(kind, shape)
    assert_common(message, kind)
    assert message.media_id == "ID"
    assert message.mime_type == mime_type
    assert message.sha256 == "IMAGE_HASH"
    assert split_webhook(page(kind))[0].media_id == "ID"


def test_an_audio_message_says_whether_it_is_a_voice_note() -> None:
    assert only("audio", AudioMessage).voice is False


def test_a_document_has_its_file_name() -> None:
    assert only("document", DocumentMessage).filename == "Test Arnab_64900aa70baf9dea831c1632.csv"


# Location Message


def test_a_location_is_read_field_by_field() -> None:
    message = only("location", LocationMessage)
    assert_common(message, "location")
    assert message.address == "LOCATION_ADDRESS"
    assert message.latitude == 18.5204
    assert message.longitude == 73.8567
    assert message.name == "LOCATION_NAME"
    assert message.url == "LOCATION_URL"


# Contact Card


def test_contact_cards_are_read_field_by_field() -> None:
    message = only("contacts", ContactsMessage)
    assert_common(message, "contacts")
    first, second = message.cards
    cards = page("contacts")["messages"]["contacts"]
    assert first == ContactCard(
        formatted_name="CONTACT_FORMATTED_NAME",
        first_name="CONTACT_FIRST_NAME",
        phones=("CONTACT_PHONE",),
        wa_ids=("CONTACT_WA_ID",),
        raw=cards[0],
    )
    assert (second.first_name, second.last_name, second.formatted_name) == ("Travel", "Buddy", "Travel Buddy")
    assert second.phones == (cards[1]["phones"][0]["phone"],)
    assert second.wa_ids == (cards[1]["phones"][0]["wa_id"],)


# All of them


@pytest.mark.parametrize("path", sorted(PAGES.glob("page-*.json")), ids=lambda path: path.stem)
def test_every_sample_of_the_page_is_one_event(path: Path) -> None:
    document = loads(path.read_bytes())
    (item,) = split_webhook(document)
    assert item.kind in {"message", "status"}
    assert item.body is (document["messages"] if item.kind == "message" else document["statuses"][0])
    assert item.business_number is None
