"""Status updates: what became of a message to a customer."""

from datetime import datetime

import msgspec

from workers.events.base import Event


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """The billing conversation that a status update belongs to.

    Attributes:
        id (str | None): Its id. None if missing.
        origin (str | None): Its category (`origin.type`), for example service, marketing, utility or authentication.
            None if missing.
        expires_at (datetime | None): When it ends, in UTC. None if missing or unreadable.
    """

    id: str | None = None
    origin: str | None = None
    expires_at: datetime | None = None


class Pricing(msgspec.Struct, frozen=True, kw_only=True):
    """How a message is billed. Values are kept as text, since the provider adds new ones.

    Attributes:
        billable (bool | None): True if the message is billed. None if missing.
        model (str | None): Pricing model: `CBP`, or `PMP` since July 2025. None if missing.
        category (str | None): Category, for example marketing. None if missing.
        type (str | None): With `PMP` only: `regular`, `free_customer_service` or `free_entry_point`. None if missing.
    """

    billable: bool | None = None
    model: str | None = None
    category: str | None = None
    type: str | None = None


class StatusUpdate(Event, frozen=True, kw_only=True):
    """A status update: a message to a customer was sent, delivered, read, played, or failed.

    Attributes:
        wamid (str | None): Id of the message that the status is about. None if missing.
        status (str | None): The status as the provider sent it; `type` is the same if it is one of
            `workers.STATUS_TYPES`, else `unknown`. None if missing.
        recipient (str | None): The customer: digits of the phone number, else the business-scoped id; in a group the
            participant. None if missing.
        group_id (str | None): Id of the group. None outside groups.
        conversation (Conversation | None): The billing conversation. None if the payload has none.
        pricing (Pricing | None): How the message is billed. None if the payload has none.
        callback_data (str | None): Your own text, given when the message was sent (`custom_callback_data` or
            `biz_opaque_callback_data`). None if there was none.

    Example:
        ```python
        @handler("failed", batch=True)
        def report(events: Sequence[StatusUpdate]) -> None:
            alerts.send_failures([(event.wamid, event.errors) for event in events])
        ```
    """

    wamid: str | None = None
    status: str | None = None
    recipient: str | None = None
    group_id: str | None = None
    conversation: Conversation | None = None
    pricing: Pricing | None = None
    callback_data: str | None = None
