"""A raw event: one event of a webhook, classified, with its payload unchanged."""

from typing import Any

import msgspec

from workers.events import MEDIA_TYPES, MESSAGE_TYPES, STATUS_TYPES, UNKNOWN, Kind
from workers.parsing.coerce import Json, as_identifier, as_object
from workers.parsing.idempotency_key import content_key, message_key, status_key

#: Reason of the event that holds the `errors` next to messages or statuses: they concern the account, none of those.
ACCOUNT_ERRORS = "errors beside messages or statuses"  # is in entries and in the event store: do not change it
_MAX_MEDIA_ID_LENGTH = 256  # characters; real ids have about twenty


class RawEvent(msgspec.Struct):
    """One event before its class is built: its kind, type and key, and its part of the payload as it came."""

    kind: Kind
    type: str  # one of workers.events.TYPES
    key: str  # idempotency key, see idempotency_key.py
    body: Any  # this event's JSON value; the whole change or document if that is unknown
    contact: Any = None  # the contact that belongs to it, as it came
    business_number: str | None = None  # digits
    media_id: str | None = None  # of media types only
    reason: str | None = None  # why its type is unknown


def message_event(body: Any, delivery: Any, business_number: str | None) -> RawEvent:
    """Return the event of one entry of `messages`."""
    if not isinstance(body, dict):
        return unknown_event(body, delivery, "an entry of messages that is not an object", business_number)
    type_ = body.get("type")
    if isinstance(type_, str) and type_ in MESSAGE_TYPES:
        key = message_key(type_, body, delivery)
        return RawEvent("message", type_, key, body, None, business_number, media_id(body, type_))
    reason = "a message without a type" if type_ is None else "a message of an unknown type"
    return RawEvent("message", UNKNOWN, message_key(UNKNOWN, body, delivery), body, None, business_number, None, reason)


def status_event(body: Any, delivery: Any, business_number: str | None) -> RawEvent:
    """Return the event of one entry of `statuses`."""
    if not isinstance(body, dict):
        return unknown_event(body, delivery, "an entry of statuses that is not an object", business_number)
    name = body.get("status")
    key = status_key(body, delivery)
    if isinstance(name, str) and name in STATUS_TYPES:
        return RawEvent("status", name, key, body, None, business_number)
    reason = "a status without a name" if name is None else "an unknown status"
    return RawEvent("status", UNKNOWN, key, body, None, business_number, None, reason)


def unknown_event(body: Any, delivery: Any, reason: str, business_number: str | None = None) -> RawEvent:
    """Return the event of anything else: another event family, or an unreadable item."""
    return RawEvent("unknown", UNKNOWN, content_key(body, delivery), body, None, business_number, None, reason)


def media_id(body: Json, type_: str) -> str | None:
    """Return the media id of a message of that type; None without one that can be used in a URL."""
    if type_ not in MEDIA_TYPES:
        return None
    identifier = as_identifier(as_object(body.get(type_)).get("id"))
    if identifier is None or len(identifier) > _MAX_MEDIA_ID_LENGTH:
        return None
    return (identifier.strip() or None) if identifier.isascii() and identifier.isprintable() else None
