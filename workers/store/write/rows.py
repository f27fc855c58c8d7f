"""From events to rows: which tables an event touches and with what. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.wire.lenient_json import dumps
from workers.events import Event, MediaMessage, MediaMetadata, Message, StatusUpdate
from workers.store.schema.tables import customers, deliveries, events, media, messages
from workers.store.write.fold import Row, folder
from workers.store.write.merge_rules import STATUS_RANKS
from workers.store.write.message_text import media_id, reply_to, text_of
from workers.store.write.sql_values import clean, identifier, int64


class Rows(NamedTuple):
    """Rows of each table, one a key, sorted by key; values in the order of the table's columns."""

    events: list[Row]
    messages: list[Row]
    deliveries: list[Row]
    media: list[Row]
    customers: list[Row]


_fold_events = folder(events)
_fold_messages = folder(messages)
_fold_deliveries = folder(deliveries)
_fold_media = folder(media)
_fold_customers = folder(customers)


def rows(batch: Sequence[Event]) -> Rows:
    """The rows a batch of events leads to. Repetitions of an event within the batch change nothing."""
    found = Rows([], [], [], [], [])
    for event in batch:
        if isinstance(event, StatusUpdate):
            found.events.append(_event(event, event.wamid, event.recipient))
            _add_status(found, event)
        elif isinstance(event, Message):
            found.events.append(_event(event, event.wamid, event.customer))
            _add_message(found, event)
        else:
            found.events.append(_event(event, None, None))
    return Rows(
        _fold_events(found.events),
        _fold_messages(found.messages),
        _fold_deliveries(found.deliveries),
        _fold_media(found.media),
        _fold_customers(found.customers),
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
        dumps(event.raw).decode(),  # JSON escapes whatever SQL would not take
    )


def _add_status(found: Rows, status: StatusUpdate) -> None:
    """Only statuses that say how far a message came have a place in `deliveries`."""
    wamid, recipient = identifier(status.wamid), identifier(status.recipient)
    if status.type in STATUS_RANKS and wamid is not None and recipient is not None:
        found.deliveries.append(_delivery(status, wamid, recipient))


def _delivery(status: StatusUpdate, wamid: str, recipient: str) -> Row:
    word, at = status.type, status.occurred_at
    error = status.errors[0] if word == "failed" and status.errors else None
    pricing = status.pricing
    return (
        wamid,
        recipient,
        word,
        at if word == "sent" else None,
        at if word == "delivered" else None,
        at if word == "read" else None,
        at if word == "failed" else None,
        int64(error.code) if error else None,
        clean(error.title) if error else None,
        identifier(status.conversation.id) if status.conversation else None,
        clean(pricing.category) if pricing else None,
        pricing.billable if pricing else None,
        identifier(status.business_number),
    )


def _add_message(found: Rows, message: Message) -> None:
    wamid, customer, at = identifier(message.wamid), identifier(message.customer), message.occurred_at
    file = identifier(media_id(message))
    if wamid is not None:
        text, reply = clean(text_of(message)), identifier(reply_to(message))
        found.messages.append((wamid, message.type, customer, text, file, reply, at))
    if file is not None and isinstance(message, MediaMessage):
        found.media.append(_media(message, file, wamid))
    if customer is not None:
        name = clean(message.contact.name) if message.contact else None
        found.customers.append((customer, name, at, at if name else None))


def _media(message: MediaMessage, file: str, wamid: str | None) -> Row:
    """Each row is complete in itself: what the media API did not say is filled in from the webhook."""
    about = message.metadata
    fetched = about is not None and not about.error
    said = about if about is not None and fetched else MediaMetadata()
    return (
        file,
        wamid,
        clean(said.mime_type) or clean(message.mime_type),
        clean(said.sha256) or clean(message.sha256),
        clean(message.filename),
        clean(said.url) or clean(message.link),
        int64(said.file_size),
        (said.fetched_at or message.received_at) if fetched else None,  # never null where it was fetched
        clean(about.error) if about else None,
    )
