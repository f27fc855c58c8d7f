"""Items: one event of a webhook, classified, its payload untouched."""

from typing import Any

import msgspec

from workers.events import MEDIA_TYPES, MESSAGE_TYPES, STATUS_TYPES, UNKNOWN, Kind
from workers.parsing.coerce import Json, as_identifier, as_object
from workers.parsing.idempotency_key import content_key, message_key, status_key

#: The reason of an item that holds the `errors` beside messages or statuses: they concern the account, none of those.
ACCOUNT_ERRORS = "errors beside messages or statuses"
_MAX_MEDIA_ID_LENGTH = 256  # characters; real ones have some twenty


class RawEvent(msgspec.Struct):
    """One event before it is typed: what it is, which one it is, and its own part of the payload as it came."""

    kind: Kind
    type: str  # one of workers.events.TYPES
    key: str  # idempotency key, see workers.parsing.idempotency_key
    body: Any  # this item's own JSON value, or the whole change or document where that is unknown
    contact: Any = None  # the contact object that belongs to it, as it came
    business_number: str | None = None  # digits
    media_id: str | None = None  # only for media types: the id to ask metadata for
    reason: str | None = None  # why the type is unknown


def message_event(body: Any, delivery: Any, business_number: str | None) -> RawEvent:
    """The item of one entry of `messages`."""
    if not isinstance(body, dict):
        return unknown_event(body, delivery, "an entry of messages that is no object", business_number)
    word = body.get("type")
    if isinstance(word, str) and word in MESSAGE_TYPES:
        key = message_key(word, body, delivery)
        return RawEvent("message", word, key, body, None, business_number, media_id(body, word))
    reason = "a message without a type" if word is None else "a message of an unknown type"
    return RawEvent("message", UNKNOWN, message_key(UNKNOWN, body, delivery), body, None, business_number, None, reason)


def status_event(body: Any, delivery: Any, business_number: str | None) -> RawEvent:
    """The item of one entry of `statuses`."""
    if not isinstance(body, dict):
        return unknown_event(body, delivery, "an entry of statuses that is no object", business_number)
    word = body.get("status")
    key = status_key(body, delivery)
    if isinstance(word, str) and word in STATUS_TYPES:
        return RawEvent("status", word, key, body, None, business_number)
    reason = "a status without its word" if word is None else "a status of an unknown word"
    return RawEvent("status", UNKNOWN, key, body, None, business_number, None, reason)


def unknown_event(body: Any, delivery: Any, reason: str, business_number: str | None = None) -> RawEvent:
    """The item of anything else: another event family, or something too broken to tell."""
    return RawEvent("unknown", UNKNOWN, content_key(body, delivery), body, None, business_number, None, reason)


def media_id(body: Json, kind: str) -> str | None:
    """The media id of a message of that type; None where the type has no media, or the id is not fit for a URL."""
    if kind not in MEDIA_TYPES:
        return None
    name = as_identifier(as_object(body.get(kind)).get("id"))
    if name is None or len(name) > _MAX_MEDIA_ID_LENGTH or not (name.isascii() and name.isprintable()):
        return None
    return name.strip() or None
