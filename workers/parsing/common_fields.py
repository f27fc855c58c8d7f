"""The fields that event classes share. A part that is missing or of the wrong type becomes None or empty."""

from datetime import datetime
from typing import Any

from workers.events import Contact, Context, ErrorDetail, Referral
from workers.parsing.coerce import (
    Json,
    as_boolean,
    as_identifier,
    as_integer,
    as_list,
    as_object,
    as_phone,
    as_text,
    as_timestamp,
)
from workers.parsing.raw_event import RawEvent

#: Keyword arguments of an event class.
Fields = dict[str, Any]


def event_fields(raw: RawEvent, body: Json, received_at: datetime, receipt: str, attempt: int) -> Fields:
    """Return the fields that every event has."""
    occurred_at = as_timestamp(body.get("timestamp"))
    return {
        "key": raw.key,
        "kind": raw.kind,
        "type": raw.type,
        "raw": raw.body,
        "occurred_at": occurred_at or received_at,
        "time_is_guessed": occurred_at is None,
        "received_at": received_at,
        "receipt": receipt,
        "attempt": attempt,
        "business_number": raw.business_number,
        "contact": parse_contact(raw.contact),
        "errors": parse_errors(body.get("errors")),
    }


def parse_contact(value: Any) -> Contact | None:
    """Return the contact in an entry of `contacts`: its `profile.name` and `wa_id`."""
    if not isinstance(value, dict):
        return None
    return Contact(name=as_text(as_object(value.get("profile")).get("name")), wa_id=as_identifier(value.get("wa_id")))


def parse_errors(value: Any) -> tuple[ErrorDetail, ...]:
    """Return the errors of an `errors` list or of a single error (Meta, "Error codes"). Only objects count."""
    if not value:
        return ()
    return tuple(_error(entry) for entry in as_list(value) if isinstance(entry, dict))


def _error(entry: Json) -> ErrorDetail:
    details = as_text(as_object(entry.get("error_data")).get("details"))
    return ErrorDetail(
        code=as_integer(entry.get("code")),
        title=as_text(entry.get("title")),
        message=as_text(entry.get("message")),
        details=as_text(entry.get("details")) if details is None else details,
        href=as_text(entry.get("href")),
    )


def parse_context(value: Any) -> Context | None:
    """Return what a message refers to."""
    if not isinstance(value, dict) or not value:
        return None
    product = value.get("referred_product")
    mentions = value.get("mentions")
    return Context(
        id=as_identifier(value.get("id")),
        sender=as_phone(value.get("from")),
        forwarded=as_boolean(value.get("forwarded")) or False,
        frequently_forwarded=as_boolean(value.get("frequently_forwarded")) or False,
        referred_product=product if isinstance(product, dict) else None,
        mentions=mentions if isinstance(mentions, list) else None,
    )


def parse_referral(value: Any) -> Referral | None:
    """Return the advertisement that led the customer here (Meta, "Click to WhatsApp ads")."""
    if not isinstance(value, dict) or not value:
        return None
    return Referral(
        source_url=as_text(value.get("source_url")),
        source_type=as_text(value.get("source_type")),
        source_id=as_identifier(value.get("source_id")),
        headline=as_text(value.get("headline")),
        body=as_text(value.get("body")),
        ctwa_clid=as_text(value.get("ctwa_clid")),
    )
