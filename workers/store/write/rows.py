"""Convert events to rows of the tables. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.wire.lenient_json import dumps
from workers.events import Event, MediaMessage, MediaMetadata, Message, StatusUpdate
from workers.store.message_fields import media_id, reply_to, text_of
from workers.store.schema.tables import customers, deliveries, events, media, messages
from workers.store.sql_values import clean, identifier, int64
from workers.store.write.fold import Row, fold_function
from workers.store.write.merge_rules import STATUS_RANKS


class Rows(NamedTuple):
    """Rows of each table, one per key, sorted by key; values in the order of the table's columns."""

    events: list[Row]
    messages: list[Row]
    deliveries: list[Row]
    media: list[Row]
    customers: list[Row]


_fold_events = fold_function(events)
_fold_messages = fold_function(messages)
_fold_deliveries = fold_function(deliveries)
_fold_media = fold_function(media)
_fold_customers = fold_function(customers)


def rows_of(batch: Sequence[Event]) -> Rows:
    """Return the rows of a batch of events. Repetitions of an event within the batch change nothing."""
    by_table = Rows([], [], [], [], [])
    for event in batch:
        if isinstance(event, StatusUpdate):
            by_table.events.append(_event(event, event.wamid, event.recipient))
            _add_status(by_table, event)
        elif isinstance(event, Message):
            by_table.events.append(_event(event, event.wamid, event.customer))
            _add_message(by_table, event)
        else:
            by_table.events.append(_event(event, None, None))
    return Rows(
        _fold_events(by_table.events),
        _fold_messages(by_table.messages),
        _fold_deliveries(by_table.deliveries),
        _fold_media(by_table.media),
        _fold_customers(by_table.customers),
    )


def _event(event: Event, wamid: str | None, customer: str | None) -> Row:
    return (
        identifier(event.key) or "",
        event.kind,
        event.type,
        identifier(wamid),
        identifier(customer),
        identifier(event.business_number),
        event.occurred_at,
        event.received_at,
        dumps(event.raw).decode(),  # JSON escapes everything that SQL wouldn't accept
    )


def _add_status(by_table: Rows, status: StatusUpdate) -> None:
    """Add a row to `deliveries` if the status is a delivery state."""
    wamid, recipient = identifier(status.wamid), identifier(status.recipient)
    if status.type in STATUS_RANKS and wamid is not None and recipient is not None:
        by_table.deliveries.append(_delivery(status, wamid, recipient))


def _delivery(status: StatusUpdate, wamid: str, recipient: str) -> Row:
    state, at = status.type, status.occurred_at
    error = status.errors[0] if state == "failed" and status.errors else None
    pricing = status.pricing
    return (
        wamid,
        recipient,
        state,
        at if state == "sent" else None,
        at if state == "delivered" else None,
        at if state == "read" else None,
        at if state == "failed" else None,
        int64(error.code) if error else None,
        clean(error.title) if error else None,
        identifier(status.conversation.id) if status.conversation else None,
        clean(pricing.category) if pricing else None,
        pricing.billable if pricing else None,
        identifier(status.business_number),
    )


def _add_message(by_table: Rows, message: Message) -> None:
    wamid, customer, at = identifier(message.wamid), identifier(message.customer), message.occurred_at
    file = identifier(media_id(message))
    if wamid is not None:
        text, reply = clean(text_of(message)), identifier(reply_to(message))
        by_table.messages.append((wamid, message.type, customer, text, file, reply, at))
    if file is not None and isinstance(message, MediaMessage):
        by_table.media.append(_media(message, file, wamid))
    if customer is not None:
        name = clean(message.contact.name) if message.contact else None
        by_table.customers.append((customer, name, at, at if name else None))


def _media(message: MediaMessage, file: str, wamid: str | None) -> Row:
    """Return a complete row: values that the media API didn't provide come from the webhook."""
    metadata = message.metadata
    is_fetched = metadata is not None and not metadata.error
    fetched = metadata if metadata is not None and is_fetched else MediaMetadata()
    return (
        file,
        wamid,
        clean(fetched.mime_type) or clean(message.mime_type),
        clean(fetched.sha256) or clean(message.sha256),
        clean(message.filename),
        clean(fetched.url) or clean(message.link),
        int64(fetched.file_size),
        (fetched.fetched_at or message.received_at) if is_fetched else None,  # never null if it was fetched
        clean(metadata.error) if metadata else None,
    )
