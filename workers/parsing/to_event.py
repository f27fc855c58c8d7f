"""Build an event from a RawEvent. A part that is missing or of the wrong type becomes None; `raw` has it as it came."""

from collections.abc import Callable
from datetime import datetime

from workers.events import (
    MEDIA_TYPES,
    EphemeralMessage,
    Event,
    MediaMetadata,
    Message,
    RequestWelcomeMessage,
    UnknownEvent,
    UnsupportedMessage,
)
from workers.parsing import messages
from workers.parsing.addresses import contact_id, sender
from workers.parsing.coerce import Json, as_identifier, as_object
from workers.parsing.common_fields import Fields, event_fields, parse_context, parse_errors, parse_referral
from workers.parsing.messages import contacts_message, interactive_message, media_message
from workers.parsing.raw_event import ACCOUNT_ERRORS, RawEvent
from workers.parsing.statuses import status_update

#: Types with fields of their own, except media. A type in neither table is an unknown message.
_BUILDERS: dict[str, Callable[[Fields, Json], Message]] = {
    "text": messages.text_message,
    "location": messages.location_message,
    "contacts": contacts_message,
    "reaction": messages.reaction_message,
    "button": messages.button_message,
    "interactive": interactive_message,
    "order": messages.order_message,
    "system": messages.system_message,
    "edit": messages.edit_message,
    "revoke": messages.revoke_message,
}
#: Types without fields of their own.
_WITHOUT_FIELDS: dict[str, type[Message]] = {
    "ephemeral": EphemeralMessage,
    "request_welcome": RequestWelcomeMessage,
    "unsupported": UnsupportedMessage,
}


def to_event(
    raw: RawEvent, *, received_at: datetime, receipt: str, attempt: int = 1, metadata: MediaMetadata | None = None
) -> Event:
    """Return the event that a handler is called with. Never raises, whatever the raw event's body is.

    `received_at` (aware) and `receipt` (hexadecimal id) are those of the webhook; `attempt` counts from 1; `metadata`
    is the media API's answer for the message's media id.
    """
    body = as_object(raw.body)
    fields = event_fields(raw, body, received_at, receipt, attempt)
    if raw.kind == "status":
        return status_update(fields, body)
    if raw.kind == "message":
        return _message(raw, body, fields, metadata)
    return _unknown(raw, body, fields)


def _message(raw: RawEvent, body: Json, fields: Fields, metadata: MediaMetadata | None) -> Message:
    fields["wamid"] = as_identifier(body.get("id"))
    fields["customer"] = sender(body) or contact_id(as_object(raw.contact))
    fields["context"] = parse_context(body.get("context"))
    fields["referral"] = parse_referral(body.get("referral"))
    fields["group_id"] = as_identifier(body.get("group_id"))
    if raw.type in _BUILDERS:
        return _BUILDERS[raw.type](fields, body)
    if raw.type in MEDIA_TYPES:
        return media_message(raw.type, fields, body, metadata)
    if raw.type in _WITHOUT_FIELDS:
        return _WITHOUT_FIELDS[raw.type](**fields)
    return messages.unknown_message(fields, body)


def _unknown(raw: RawEvent, body: Json, fields: Fields) -> UnknownEvent:
    if raw.reason == ACCOUNT_ERRORS:
        fields["errors"] = parse_errors(raw.body)
    elif not fields["errors"]:  # a change of Meta's envelope has its errors one level down
        fields["errors"] = parse_errors(as_object(body.get("value")).get("errors"))
    return UnknownEvent(**fields, reason=raw.reason or "")
