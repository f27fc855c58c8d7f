"""The readable text of a message and the message that it refers to."""

import pytest

from tests.support.store.samples import image, message_fields, row, text_message
from workers.events import (
    ButtonMessage,
    ContactCard,
    ContactsMessage,
    Context,
    EditMessage,
    InteractiveMessage,
    LocationMessage,
    Message,
    OrderMessage,
    ReactionMessage,
    RevokeMessage,
    SystemMessage,
    UnknownMessage,
)

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
