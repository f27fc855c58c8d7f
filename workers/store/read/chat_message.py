"""The messages of a conversation as a chat shows them, made from typed events. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from workers.events import (
    ContactCard,
    ContactsMessage,
    EditMessage,
    ErrorDetail,
    LocationMessage,
    Message,
    ReactionMessage,
    RevokeMessage,
)
from workers.parsing.coerce import as_object, as_text
from workers.store.message_fields import reply_to, text_of


class DeliveryState(NamedTuple):
    """Delivery of an outgoing message. Times are the earliest seen."""

    status: str | None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    failed_at: datetime | None = None
    error_code: int | None = None
    error_title: str | None = None
    category: str | None = None  # marketing, utility …

    @property
    def at(self) -> datetime | None:
        """Return when the message reached its current status."""
        return getattr(self, f"{self.status}_at", None)


class Quote(NamedTuple):
    """A message that another one refers to."""

    wamid: str
    direction: str  # in or out
    type: str | None = None
    text: str | None = None  # unknown for outgoing messages


class Attachment(NamedTuple):
    """A row of `media`."""

    id: str
    mime_type: str | None
    sha256: str | None
    filename: str | None
    url: str | None
    file_size: int | None
    fetched_at: datetime | None
    error: str | None


class SharedLocation(NamedTuple):
    """A location that a customer sent; coordinates in degrees."""

    latitude: float | None
    longitude: float | None
    name: str | None
    address: str | None
    url: str | None


class SharedContact(NamedTuple):
    """A contact card that a customer sent."""

    name: str | None
    phones: tuple[str, ...]


class Reaction(NamedTuple):
    """A reaction to a message; without an emoji it removes the earlier one."""

    emoji: str | None
    target: str | None  # wamid


class ChatMessage(NamedTuple):
    """One message of a conversation."""

    key: str  # of its event; for an outgoing message, of its first status
    direction: str  # in or out
    at: datetime
    wamid: str | None
    type: str  # `message` for an outgoing one, since statuses don't contain the type
    text: str | None = None
    attachment: Attachment | None = None
    location: SharedLocation | None = None
    contacts: tuple[SharedContact, ...] = ()
    reaction: Reaction | None = None
    quote: Quote | None = None  # the message that it answers, reacts to, edits or revokes
    change: str | None = None  # `edit` or `revoke`, if it changes the quoted message
    reactions: tuple[str, ...] = ()  # the customer's current reactions to it
    edited: str | None = None  # its text after the last edit
    revoked: bool = False  # the customer deleted it later
    delivery: DeliveryState | None = None
    errors: tuple[str, ...] = ()  # why the provider couldn't pass it on
    business_number: str | None = None


class LaterChanges(NamedTuple):
    """What the customer did to a message later."""

    reactions: tuple[str, ...] = ()
    edited: str | None = None
    revoked: bool = False


def chat_message_of(message: Message) -> ChatMessage:
    """Return the chat message of a customer's message, without what other rows know about it."""
    return ChatMessage(
        key=message.key,
        direction="in",
        at=message.occurred_at,
        wamid=message.wamid,
        type=message.type,
        text=None if isinstance(message, ReactionMessage) else edited_text(message) or text_of(message),
        location=_location(message) if isinstance(message, LocationMessage) else None,
        contacts=tuple(map(_contact, message.cards)) if isinstance(message, ContactsMessage) else (),
        reaction=Reaction(message.emoji, message.message_id) if isinstance(message, ReactionMessage) else None,
        change=message.type if isinstance(message, (EditMessage, RevokeMessage)) else None,
        errors=tuple(filter(None, map(_error, message.errors))),
        business_number=message.business_number,
    )


def later_changes(messages: Iterable[Message]) -> dict[str, LaterChanges]:
    """Combine reactions, edits and revocations (the oldest first) by the wamid of the message that they change."""
    by_wamid: dict[str, LaterChanges] = {}
    for message in messages:
        target = reply_to(message) or message.wamid  # some have the id of the message that they change
        if target is None:
            continue
        before = by_wamid.get(target, LaterChanges())
        match message:
            case ReactionMessage():  # one per person: the last one counts
                by_wamid[target] = before._replace(reactions=(message.emoji,) if message.emoji else ())
            case EditMessage():
                by_wamid[target] = before._replace(edited=edited_text(message) or before.edited)
            case RevokeMessage():
                by_wamid[target] = before._replace(revoked=True)
    return by_wamid


def edited_text(message: Message) -> str | None:
    """Return the text after an edit: a text's body or a file's caption."""
    if not isinstance(message, EditMessage):
        return None
    body: Any = as_object(as_object(as_object(message.raw).get("edit")).get("message"))
    part = as_object(body.get(as_text(body.get("type")) or ""))
    return as_text(part.get("body")) or as_text(part.get("caption"))


def _location(message: LocationMessage) -> SharedLocation:
    return SharedLocation(message.latitude, message.longitude, message.name, message.address, message.url)


def _contact(card: ContactCard) -> SharedContact:
    name = card.formatted_name or " ".join(filter(None, (card.first_name, card.last_name))) or None
    return SharedContact(name, card.phones)


def _error(error: ErrorDetail) -> str:
    return " ".join(str(part) for part in (error.code, error.title or error.message) if part is not None)
