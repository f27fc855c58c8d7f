"""Typing: one item → its event class. A part that is missing or of the wrong type is None; `raw` has it all."""

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

#: Types with fields of their own, media aside. A type in neither table is an unknown message.
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
#: Types that say all with their name.
_BARE: dict[str, type[Message]] = {
    "ephemeral": EphemeralMessage,
    "request_welcome": RequestWelcomeMessage,
    "unsupported": UnsupportedMessage,
}


def to_event(
    item: RawEvent, *, received_at: datetime, receipt: str, attempt: int = 1, metadata: MediaMetadata | None = None
) -> Event:
    """The event of an item, as handlers get it. Raises nothing, whatever the item's body.

    `received_at` (aware) and `receipt` (hexadecimal) are those of the webhook it came in; `attempt` counts from 1;
    `metadata` is what the media API said of the item's media id.
    """
    body = as_object(item.body)
    fields = event_fields(item, body, received_at, receipt, attempt)
    if item.kind == "status":
        return status_update(fields, body)
    if item.kind == "message":
        return _message(item, body, fields, metadata)
    return _unknown(item, body, fields)


def _message(item: RawEvent, body: Json, fields: Fields, metadata: MediaMetadata | None) -> Message:
    fields["wamid"] = as_identifier(body.get("id"))
    fields["customer"] = sender(body) or contact_id(as_object(item.contact))
    fields["context"] = parse_context(body.get("context"))
    fields["referral"] = parse_referral(body.get("referral"))
    fields["group_id"] = as_identifier(body.get("group_id"))
    if item.type in _BUILDERS:
        return _BUILDERS[item.type](fields, body)
    if item.type in MEDIA_TYPES:
        return media_message(item.type, fields, body, metadata)
    if item.type in _BARE:
        return _BARE[item.type](**fields)
    return messages.unknown_message(fields, body)


def _unknown(item: RawEvent, body: Json, fields: Fields) -> UnknownEvent:
    if item.reason == ACCOUNT_ERRORS:
        fields["errors"] = parse_errors(item.body)
    elif not fields["errors"]:  # a change of Meta's envelope has them one level down
        fields["errors"] = parse_errors(as_object(body.get("value")).get("errors"))
    return UnknownEvent(**fields, reason=item.reason or "")
