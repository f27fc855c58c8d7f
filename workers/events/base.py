"""The fields that all events have, and the small values they share."""

from datetime import datetime
from typing import Any, Literal

import msgspec

#: What an event is: a message from a customer, a status update of a message to a customer, or anything else.
Kind = Literal["message", "status", "unknown"]


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """The contact that came with an event: an entry of the payload's `contacts`.

    Attributes:
        name (str | None): Profile name as the customer wrote it: untrusted text, to be escaped in HTML. None if the
            payload has none.
        wa_id (str | None): WhatsApp id as it came. It may differ from the message's sender. None if the payload has
            none.
    """

    name: str | None = None
    wa_id: str | None = None


class ErrorDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One error of a message or a status update: an entry of the payload's `errors`.

    Attributes:
        code (int | None): The provider's error code, for example 131026. None if missing or not a number.
        title (str | None): Short description. None if missing.
        message (str | None): Longer description. None if missing.
        details (str | None): Explanation (`error_data.details`, else `details`). None if missing.
        href (str | None): Address of the error's documentation. None if missing.
    """

    code: int | None = None
    title: str | None = None
    message: str | None = None
    details: str | None = None
    href: str | None = None


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a message refers to: the message it replies to, or that it was forwarded.

    Attributes:
        id (str | None): Id (wamid) of the message that this one replies to. None if it is not a reply.
        sender (str | None): Who sent that message: digits of a phone number, else another id. None if missing.
        forwarded (bool): True if the message was forwarded.
        frequently_forwarded (bool): True if it was forwarded more than five times.
        referred_product (dict[str, Any] | None): The catalogue product asked about, as it came. None if there is none.
        mentions (list[Any] | None): The people mentioned in a group, as they came. None if there are none.
    """

    id: str | None = None
    sender: str | None = None
    forwarded: bool = False
    frequently_forwarded: bool = False
    referred_product: dict[str, Any] | None = None
    mentions: list[Any] | None = None


class Referral(msgspec.Struct, frozen=True, kw_only=True):
    """The advertisement that started a conversation.

    Attributes:
        source_url (str | None): Address of the advertisement. None if missing.
        source_type (str | None): Kind of source: `ad` or `post`. None if missing.
        source_id (str | None): Id of the advertisement or post. None if missing.
        headline (str | None): Its headline. None if missing.
        body (str | None): Its text. None if missing.
        ctwa_clid (str | None): Click id of a Click-to-WhatsApp advertisement. None if missing.
    """

    source_url: str | None = None
    source_type: str | None = None
    source_id: str | None = None
    headline: str | None = None
    body: str | None = None
    ctwa_clid: str | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a webhook: the fields of every kind. Immutable.

    A handler may be called more than once for an event. If it stores `key` beside its effect, in the same transaction,
    the effect happens once.

    Attributes:
        key (str): Idempotency key: printable ASCII of at most 256 characters, equal for every repetition of the event.
        kind (Kind): `message`, `status` or `unknown`.
        type (str): One of `workers.TYPES`.
        raw (Any): This event's part of the payload as it came, any JSON value.
        occurred_at (datetime): The provider's timestamp, in UTC; the time of receipt if it was missing or unreadable.
        received_at (datetime): When Sluice acknowledged the webhook, in UTC.
        receipt (str): Id of the webhook, hexadecimal; `replay` for an event replayed from the event store.
        time_is_guessed (bool): True if `occurred_at` is the time of receipt.
        business_number (str | None): Your number that the event concerns, in digits. None if the payload has none.
        contact (Contact | None): The customer's contact. None if the payload has none.
        errors (tuple[ErrorDetail, ...]): The errors of this event; empty if there are none.
        attempt (int): Number of this run of the handler, from 1.

    Example:
        ```python
        @handler("text", "image")
        def record(event: Event) -> None:
            with database.begin() as transaction:
                if transaction.insert_once("handled", key=event.key):
                    transaction.insert("inbox", type=event.type, at=event.occurred_at)
        ```
    """

    key: str
    kind: Kind
    type: str
    raw: Any
    occurred_at: datetime
    received_at: datetime
    receipt: str
    time_is_guessed: bool = False
    business_number: str | None = None
    contact: Contact | None = None
    errors: tuple[ErrorDetail, ...] = ()
    attempt: int = 1


class UnknownEvent(Event, frozen=True, kw_only=True):
    """An event that is neither a message nor a status update: another event family, or an unreadable item.

    Attributes:
        reason (str): Why it was not recognised, in English; may be empty.
    """

    reason: str = ""
