"""What all events have in common, and the small parts they share."""

from datetime import datetime
from typing import Any, Literal

import msgspec

Kind = Literal["message", "status", "unknown"]


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """The contact that came along with an event (`contacts[]` of the provider's page)."""

    name: str | None = None  # profile.name, as the customer wrote it: never trust it as HTML
    wa_id: str | None = None  # as it came; may differ from the message's sender


class ErrorDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of an `errors[]` list."""

    code: int | None = None
    title: str | None = None
    message: str | None = None
    details: str | None = None  # error_data.details, or details
    href: str | None = None


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a message refers to: the message it replies to, or where it was forwarded from."""

    id: str | None = None  # wamid of the message replied to
    sender: str | None = None  # `from`
    forwarded: bool = False
    frequently_forwarded: bool = False
    referred_product: dict[str, Any] | None = None
    mentions: list[Any] | None = None


class Referral(msgspec.Struct, frozen=True, kw_only=True):
    """The advertisement a conversation started from."""

    source_url: str | None = None
    source_type: str | None = None
    source_id: str | None = None
    headline: str | None = None
    body: str | None = None
    ctwa_clid: str | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened, whatever its kind.

    `key` is the idempotency key: equal for every repetition of the same event, so a handler that writes
    it beside its effect makes that effect happen once. `raw` is the event's own part of the payload as it
    came (any JSON value). Times are aware, in UTC.
    """

    key: str
    kind: Kind
    type: str
    raw: Any
    occurred_at: datetime  # the provider's timestamp; the time of receipt where that was unreadable
    received_at: datetime  # when Sluice acknowledged the webhook
    receipt: str  # id of the webhook it came in, hexadecimal
    time_is_guessed: bool = False  # the timestamp was missing or unreadable
    business_number: str | None = None  # the number of yours that is concerned, where the payload names it
    contact: Contact | None = None
    errors: tuple[ErrorDetail, ...] = ()
    attempt: int = 1  # 1 at the first run


class UnknownEvent(Event, frozen=True, kw_only=True):
    """Neither message nor status: another event family, or an item too broken to tell. `reason` says why."""

    reason: str = ""
