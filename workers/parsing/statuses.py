"""Build status updates. Sources: the provider's page, "Status Callbacks"; Meta, "Pricing" of July 2025."""

from typing import Any

from workers.events import Conversation, Pricing, StatusUpdate
from workers.parsing.addresses import recipient
from workers.parsing.coerce import Json, as_boolean, as_identifier, as_object, as_text, as_timestamp
from workers.parsing.common_fields import Fields


def status_update(common: Fields, body: Json) -> StatusUpdate:
    """Return the status update of one entry of `statuses`."""
    return StatusUpdate(
        **common,
        wamid=as_identifier(body.get("id")),
        status=as_text(body.get("status")),
        recipient=recipient(body),
        group_id=_group(body),
        conversation=_conversation(body.get("conversation")),
        pricing=_pricing(body.get("pricing")),
        callback_data=as_text(body.get("custom_callback_data")) or as_text(body.get("biz_opaque_callback_data")),
    )


def _group(body: Json) -> str | None:
    return as_identifier(body.get("recipient_id")) if body.get("recipient_type") == "group" else None


def _conversation(value: Any) -> Conversation | None:
    if not isinstance(value, dict) or not value:
        return None
    return Conversation(
        id=as_identifier(value.get("id")),
        origin=as_text(as_object(value.get("origin")).get("type")),
        expires_at=as_timestamp(value.get("expiration_timestamp")),
    )


def _pricing(value: Any) -> Pricing | None:
    if not isinstance(value, dict) or not value:
        return None
    return Pricing(
        billable=as_boolean(value.get("billable")),
        model=as_text(value.get("pricing_model")),
        category=as_text(value.get("category")),
        type=as_text(value.get("type")),
    )
