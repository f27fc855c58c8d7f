"""One customer's conversation: incoming messages and the deliveries of outgoing ones, by time.

Outgoing messages are known only through their statuses; each is shown at the time of its first status.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from shared.errors import InvalidJSON
from shared.wire.lenient_json import loads
from workers.events import Message
from workers.parsing import RawEvent, to_event
from workers.store.message_fields import media_id, reply_to
from workers.store.read.chat_message import (
    Attachment,
    ChatMessage,
    DeliveryState,
    LaterChanges,
    Quote,
    chat_message_of,
    later_changes,
)
from workers.store.read.event_key_range import status_events
from workers.store.read.keyset import NEWEST_FIRST, AnyRow, Cursor, older_than
from workers.store.schema.tables import customers, deliveries, events, media, messages
from workers.store.sql_values import identifier

#: Queries per page at most. Statuses other than a message's first add nothing to a page, so one query may not fill it.
MAX_QUERIES_PER_PAGE = 8
#: Events since the oldest message of a page that are searched for reactions, edits and revocations.
_MAX_LATER_EVENTS = 2_000
_CHANGING_TYPES = ("reaction", "edit", "revoke")
_SELECTED = (events.c.key, events.c.kind, events.c.type, events.c.wamid, events.c.business_number, events.c.occurred_at)


class CustomerConversation(NamedTuple):
    """A page of a conversation."""

    customer: str
    name: str | None
    last_seen_at: datetime | None
    messages: tuple[ChatMessage, ...]  # the oldest first; the first page has the newest messages
    older: str | None  # cursor of the previous page


class RecentConversation(NamedTuple):
    """A customer and their last message."""

    customer: str
    name: str | None
    at: datetime
    type: str
    text: str | None


def conversation(
    connection: Connection, customer: str, *, before: str | None = None, limit: int = 50
) -> CustomerConversation:
    """Return the newest page of a customer's conversation, or the page before that cursor. Raises InvalidCursor."""
    customer_id = identifier(customer) or ""
    rows, older = _page_of_events(connection, customer_id, Cursor.parse(before) if before else None, limit)
    query = select(customers.c.name, customers.c.last_seen_at).where(customers.c.id == customer_id)
    name, last_seen_at = connection.execute(query).first() or (None, None)
    shown = tuple(reversed(_chat_messages(connection, customer_id, rows)))
    return CustomerConversation(customer_id, name, last_seen_at, shown, older)


def recent_conversations(connection: Connection, limit: int = 20) -> tuple[RecentConversation, ...]:
    """Return the customers who wrote last, from the last few hundred messages."""
    columns = (messages.c.customer, customers.c.name, messages.c.occurred_at, messages.c.type, messages.c.text)
    joined = messages.outerjoin(customers, customers.c.id == messages.c.customer)
    query = select(*columns).select_from(joined).where(messages.c.customer.is_not(None))
    by_customer: dict[str, RecentConversation] = {}
    for row in connection.execute(query.order_by(messages.c.occurred_at.desc()).limit(20 * limit)):
        by_customer.setdefault(row.customer, RecentConversation(*row))
    return tuple(by_customer.values())[:limit]


def _page_of_events(
    connection: Connection, customer: str, cursor: Cursor | None, limit: int
) -> tuple[list[AnyRow], str | None]:
    """Return messages and first statuses, the newest first, and the cursor of the next page."""
    chosen: list[AnyRow] = []
    for _ in range(MAX_QUERIES_PER_PAGE):
        query = select(*_SELECTED).where(events.c.customer == customer)
        if cursor is not None:
            query = query.where(older_than(cursor))
        rows = connection.execute(query.order_by(*NEWEST_FIRST).limit(2 * limit + 1)).all()
        first = _first_status_keys(connection, customer, [row.wamid for row in rows if _is_status(row)])
        chosen += [row for row in rows if row.kind != "status" or first.get(row.wamid, row.key) == row.key]
        if len(chosen) > limit:
            last = chosen[limit - 1]
            return chosen[:limit], str(Cursor(last.occurred_at, last.key))
        if len(rows) <= 2 * limit:
            return chosen, None
        cursor = Cursor(rows[-1].occurred_at, rows[-1].key)
    return chosen, str(cursor)


def _first_status_keys(connection: Connection, customer: str, wamids: Iterable[str]) -> dict[str, str]:
    """Return the key of each message's first status, by wamid."""
    distinct = sorted(set(wamids))
    if not distinct:
        return {}
    query = select(events.c.wamid, events.c.key).where(status_events(distinct, customer)).order_by(*NEWEST_FIRST)
    return {row.wamid: row.key for row in connection.execute(query)}  # the oldest comes last and overwrites others


def _chat_messages(connection: Connection, customer: str, rows: Sequence[AnyRow]) -> list[ChatMessage]:
    """Return a chat message for each of these events of the customer, the newest first."""
    incoming = _load_messages(connection, [row.key for row in rows if row.kind == "message"])
    attachments = _load_attachments(connection, incoming.values())
    quotes = _load_quotes(connection, incoming.values())
    states = _load_delivery_states(connection, customer, [row.wamid for row in rows if _is_status(row)])
    changes = _load_later_changes(connection, customer, rows[-1].occurred_at) if rows else {}
    shown = []
    for row in rows:
        message = incoming.get(row.key)
        if message is not None:
            file_id, quoted = identifier(media_id(message)) or "", identifier(reply_to(message)) or ""
            entry = chat_message_of(message)._replace(attachment=attachments.get(file_id), quote=quotes.get(quoted))
        else:
            entry = _without_content(row, states)
        shown.append(entry if entry.change else entry._replace(**changes.get(row.wamid, LaterChanges())._asdict()))
    return shown


def _is_status(row: AnyRow) -> bool:
    return bool(row.kind == "status" and row.wamid)


def _without_content(row: AnyRow, states: Mapping[str, DeliveryState]) -> ChatMessage:
    """Return the chat message of an outgoing message, or of an incoming one with an unreadable payload."""
    if row.kind == "message":
        return ChatMessage(row.key, "in", row.occurred_at, row.wamid, row.type, business_number=row.business_number)
    state = states.get(row.wamid) or DeliveryState(None)
    return ChatMessage(
        row.key, "out", row.occurred_at, row.wamid, "message", delivery=state, business_number=row.business_number
    )


def _load_messages(connection: Connection, keys: Sequence[str]) -> dict[str, Message]:
    query = select(events).where(events.c.key.in_(keys))
    return {row.key: message for row in connection.execute(query) if (message := _message_of(row)) is not None}


def _message_of(row: AnyRow) -> Message | None:
    try:
        body = loads(row.payload.encode())
    except InvalidJSON:
        return None
    raw = RawEvent(row.kind, row.type, row.key, body, None, row.business_number)
    event = to_event(raw, received_at=row.received_at, receipt="")
    return event if isinstance(event, Message) else None


def _load_attachments(connection: Connection, incoming: Iterable[Message]) -> dict[str, Attachment]:
    ids = {file_id for message in incoming if (file_id := identifier(media_id(message)))}
    columns = [media.c[name] for name in Attachment._fields]
    query = select(*columns).where(media.c.id.in_(ids))
    return {row.id: Attachment(*row) for row in connection.execute(query)} if ids else {}


def _load_quotes(connection: Connection, incoming: Iterable[Message]) -> dict[str, Quote]:
    """Return the messages that are replied to. Those that aren't stored as a customer's are outgoing."""
    wamids = {wamid for message in incoming if (wamid := identifier(reply_to(message)))}
    if not wamids:
        return {}
    query = select(messages.c.wamid, messages.c.type, messages.c.text).where(messages.c.wamid.in_(wamids))
    stored = {row.wamid: Quote(row.wamid, "in", row.type, row.text) for row in connection.execute(query)}
    return {wamid: stored.get(wamid) or Quote(wamid, "out") for wamid in wamids}


def _load_delivery_states(connection: Connection, customer: str, wamids: Sequence[str]) -> Mapping[str, DeliveryState]:
    columns = [deliveries.c[name] for name in DeliveryState._fields]
    query = select(deliveries.c.wamid, *columns).where(
        deliveries.c.wamid.in_(wamids), deliveries.c.recipient == customer
    )
    return {row.wamid: DeliveryState(*row[1:]) for row in connection.execute(query)}


def _load_later_changes(connection: Connection, customer: str, since: datetime) -> dict[str, LaterChanges]:
    query = select(events).where(events.c.customer == customer, events.c.occurred_at >= since)
    later = query.order_by(events.c.occurred_at, events.c.key).limit(_MAX_LATER_EVENTS).subquery("later")
    changing = select(later).where(later.c.kind == "message", later.c.type.in_(_CHANGING_TYPES))
    rows = connection.execute(changing.order_by(later.c.occurred_at, later.c.key))
    return later_changes(message for row in rows if (message := _message_of(row)) is not None)
