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
from workers.parsing.common_fields import Fields, common, context, errors, referral
from workers.parsing.items import ERRORS, RawEvent
from workers.parsing.messages import contacts, interactive, media
from workers.parsing.statuses import status

#: Types with fields of their own, media aside. A type in neither table is an unknown message.
_BUILDERS: dict[str, Callable[[Fields, Json], Message]] = {
    "text": messages.text,
    "location": messages.location,
    "contacts": contacts,
    "reaction": messages.reaction,
    "button": messages.button,
    "interactive": interactive,
    "order": messages.order,
    "system": messages.system,
    "edit": messages.edit,
    "revoke": messages.revoke,
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
    fields = common(item, body, received_at, receipt, attempt)
    if item.kind == "status":
        return status(fields, body)
    if item.kind == "message":
        return _message(item, body, fields, metadata)
    return _unknown(item, body, fields)


def _message(item: RawEvent, body: Json, fields: Fields, metadata: MediaMetadata | None) -> Message:
    fields["wamid"] = as_identifier(body.get("id"))
    fields["customer"] = sender(body) or contact_id(as_object(item.contact))
    fields["context"] = context(body.get("context"))
    fields["referral"] = referral(body.get("referral"))
    fields["group_id"] = as_identifier(body.get("group_id"))
    if item.type in _BUILDERS:
        return _BUILDERS[item.type](fields, body)
    if item.type in MEDIA_TYPES:
        return media(item.type, fields, body, metadata)
    if item.type in _BARE:
        return _BARE[item.type](**fields)
    return messages.unknown(fields, body)


def _unknown(item: RawEvent, body: Json, fields: Fields) -> UnknownEvent:
    if item.reason == ERRORS:
        fields["errors"] = errors(item.body)
    elif not fields["errors"]:  # a change of Meta's envelope has them one level down
        fields["errors"] = errors(as_object(body.get("value")).get("errors"))
    return UnknownEvent(**fields, reason=item.reason or "")
