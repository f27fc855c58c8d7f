"""Statuses: what became of a message that was sent to a customer."""

from datetime import datetime

import msgspec

from workers.events.base import Event


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """The billing conversation a status belongs to."""

    id: str | None = None
    origin: str | None = None  # origin.type: service, marketing, utility, authentication, …
    expires_at: datetime | None = None


class Pricing(msgspec.Struct, frozen=True, kw_only=True):
    """How a message is billed. All words are kept as text: the list of categories grows."""

    billable: bool | None = None
    model: str | None = None  # pricing_model: CBP, or PMP since July 2025
    category: str | None = None
    type: str | None = None  # PMP only: regular, free_customer_service, free_entry_point


class StatusUpdate(Event, frozen=True, kw_only=True):
    """A status callback. `type` is the status where it is a known one, else `unknown`; `status` is its word."""

    wamid: str | None = None  # `id` of the message the status is about
    status: str | None = None
    recipient: str | None = None  # phone digits, else the business-scoped id; in groups the participant
    group_id: str | None = None
    conversation: Conversation | None = None
    pricing: Pricing | None = None
    callback_data: str | None = None  # custom_callback_data or biz_opaque_callback_data
