"""What a conversation shows of each message. Pure: from typed events and rows."""

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
from workers.store.write.message_text import reply_to, text_of


class DeliveryState(NamedTuple):
    """How far a message of ours came. Times are the earliest seen."""

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
        """When it came as far as it is now."""
        return getattr(self, f"{self.status}_at", None)


class Quote(NamedTuple):
    """The message that another one refers to."""

    wamid: str
    direction: str  # in or out
    type: str | None = None
    text: str | None = None  # of ours nobody told us


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


class Location(NamedTuple):
    """Where a location is, in degrees."""

    latitude: float | None
    longitude: float | None
    name: str | None
    address: str | None
    url: str | None


class SharedContact(NamedTuple):
    """A contact card."""

    name: str | None
    phones: tuple[str, ...]


class Reaction(NamedTuple):
    """A reaction; without an emoji an earlier one is taken back."""

    emoji: str | None
    target: str | None  # wamid


class ChatMessage(NamedTuple):
    """One message of a conversation."""

    key: str  # of its event; of a message of ours its first status
    direction: str  # in or out
    at: datetime
    wamid: str | None
    type: str  # `message` for one of ours: of those only statuses tell
    text: str | None = None
    file: Attachment | None = None
    place: Location | None = None
    cards: tuple[SharedContact, ...] = ()
    reaction: Reaction | None = None
    quote: Quote | None = None  # what it answers, reacts to, edits or revokes
    changes: str | None = None  # `edit` or `revoke`: it changes the message that it quotes
    reactions: tuple[str, ...] = ()  # the customer's reactions to it, as they stand now
    edited: str | None = None  # what it was edited to
    revoked: bool = False  # it was deleted afterwards
    ticks: DeliveryState | None = None
    errors: tuple[str, ...] = ()  # why it could not be shown
    business_number: str | None = None


class Changes(NamedTuple):
    """What the customer did to a message afterwards."""

    reactions: tuple[str, ...] = ()
    edited: str | None = None
    revoked: bool = False


def chat_message_of(message: Message) -> ChatMessage:
    """The bubble of a customer's message, as far as the message itself tells."""
    return ChatMessage(
        key=message.key,
        direction="in",
        at=message.occurred_at,
        wamid=message.wamid,
        type=message.type,
        text=None if isinstance(message, ReactionMessage) else edited_text(message) or text_of(message),
        place=_place(message) if isinstance(message, LocationMessage) else None,
        cards=tuple(map(_card, message.cards)) if isinstance(message, ContactsMessage) else (),
        reaction=Reaction(message.emoji, message.message_id) if isinstance(message, ReactionMessage) else None,
        changes=message.type if isinstance(message, (EditMessage, RevokeMessage)) else None,
        errors=tuple(filter(None, map(_error, message.errors))),
        business_number=message.business_number,
    )


def changes(messages: Iterable[Message]) -> dict[str, Changes]:
    """What these reactions, edits and revocations, the oldest first, come to for each message: by its wamid."""
    found: dict[str, Changes] = {}
    for message in messages:
        target = reply_to(message) or message.wamid  # some bear the id of what they change
        if target is None:
            continue
        before = found.get(target, Changes())
        match message:
            case ReactionMessage():  # one a person: the last one counts
                found[target] = before._replace(reactions=(message.emoji,) if message.emoji else ())
            case EditMessage():
                found[target] = before._replace(edited=edited_text(message) or before.edited)
            case RevokeMessage():
                found[target] = before._replace(revoked=True)
    return found


def edited_text(message: Message) -> str | None:
    """What a message was edited to: a text's body or a file's caption."""
    if not isinstance(message, EditMessage):
        return None
    body: Any = as_object(as_object(as_object(message.raw).get("edit")).get("message"))
    part = as_object(body.get(as_text(body.get("type")) or ""))
    return as_text(part.get("body")) or as_text(part.get("caption"))


def _place(message: LocationMessage) -> Location:
    return Location(message.latitude, message.longitude, message.name, message.address, message.url)


def _card(card: ContactCard) -> SharedContact:
    name = card.formatted_name or " ".join(filter(None, (card.first_name, card.last_name))) or None
    return SharedContact(name, card.phones)


def _error(error: ErrorDetail) -> str:
    return " ".join(str(part) for part in (error.code, error.title or error.message) if part is not None)
