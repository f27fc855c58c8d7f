"""One customer's conversation: what came in and what became of what went out, in the order of time.

A message of ours is known by its statuses only. Its bubble stands at the time of the first of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from shared.errors import InvalidJSON
from shared.wire.lenient_json import loads
from workers.events import Message
from workers.parsing import RawEvent, to_event
from workers.store.read.chat_message import (
    Attachment,
    Changes,
    ChatMessage,
    DeliveryState,
    Location,
    Quote,
    Reaction,
    SharedContact,
    changes,
    chat_message_of,
)
from workers.store.read.event_key_range import statuses_of
from workers.store.read.keyset import NEWEST, AnyRow, Cursor, older_than
from workers.store.schema.tables import customers, deliveries, events, media, messages
from workers.store.write.message_text import media_id, reply_to
from workers.store.write.sql_values import identifier

#: Events behind a page's oldest that are looked at for reactions, edits and revocations.
_AFTER = 2_000
_CHANGING = ("reaction", "edit", "revoke")


def chat_messages(connection: Connection, who: str, chosen: Sequence[AnyRow]) -> list[ChatMessage]:
    """A bubble for each of these events of that customer, the newest first: of messages, and of first statuses."""
    typed = _typed(connection, [row.key for row in chosen if row.kind == "message"])
    files = _files(connection, typed.values())
    quotes = _quotes(connection, typed.values())
    ticks = _ticks(connection, who, [row.wamid for row in chosen if row.kind == "status" and row.wamid])
    later = _later(connection, who, chosen[-1].occurred_at) if chosen else {}
    found = []
    for row in chosen:
        message = typed.get(row.key)
        if message is not None:
            file, quote = identifier(media_id(message)) or "", identifier(reply_to(message)) or ""
            bubble = chat_message_of(message)._replace(file=files.get(file), quote=quotes.get(quote))
        else:
            bubble = _bare(row, ticks)
        found.append(bubble if bubble.changes else bubble._replace(**later.get(row.wamid, Changes())._asdict()))
    return found


def _bare(row: AnyRow, ticks: Mapping[str, DeliveryState]) -> ChatMessage:
    """Of a message of ours, or of one whose payload is no JSON any more."""
    if row.kind == "message":
        return ChatMessage(row.key, "in", row.occurred_at, row.wamid, row.type, business_number=row.business_number)
    ticking = ticks.get(row.wamid) or DeliveryState(None)
    return ChatMessage(
        row.key, "out", row.occurred_at, row.wamid, "message", ticks=ticking, business_number=row.business_number
    )


def _typed(connection: Connection, keys: Sequence[str]) -> dict[str, Message]:
    query = select(events).where(events.c.key.in_(keys))
    return {row.key: message for row in connection.execute(query) if (message := _message(row)) is not None}


def _message(row: AnyRow) -> Message | None:
    try:
        body = loads(row.payload.encode())
    except InvalidJSON:
        return None
    item = RawEvent(row.kind, row.type, row.key, body, None, row.business_number)
    made = to_event(item, received_at=row.received_at, receipt="")
    return made if isinstance(made, Message) else None


def _files(connection: Connection, typed: Iterable[Message]) -> dict[str, Attachment]:
    wanted = {found for message in typed if (found := identifier(media_id(message)))}
    columns = [media.c[name] for name in Attachment._fields]
    query = select(*columns).where(media.c.id.in_(wanted))
    return {row.id: Attachment(*row) for row in connection.execute(query)} if wanted else {}


def _quotes(connection: Connection, typed: Iterable[Message]) -> dict[str, Quote]:
    """A message that is not a customer's is one of ours."""
    wanted = {found for message in typed if (found := identifier(reply_to(message)))}
    if not wanted:
        return {}
    query = select(messages.c.wamid, messages.c.type, messages.c.text).where(messages.c.wamid.in_(wanted))
    theirs = {row.wamid: Quote(row.wamid, "in", row.type, row.text) for row in connection.execute(query)}
    return {wamid: theirs.get(wamid) or Quote(wamid, "out") for wamid in wanted}


def _ticks(connection: Connection, who: str, wamids: Sequence[str]) -> Mapping[str, DeliveryState]:
    columns = [deliveries.c[name] for name in DeliveryState._fields]
    own = (deliveries.c.wamid.in_(wamids), deliveries.c.recipient == who)
    query = select(deliveries.c.wamid, *columns).where(*own)
    return {row.wamid: DeliveryState(*row[1:]) for row in connection.execute(query)}


def _later(connection: Connection, who: str, since: datetime) -> dict[str, Changes]:
    query = select(events).where(events.c.customer == who, events.c.occurred_at >= since)
    looked = query.order_by(events.c.occurred_at, events.c.key).limit(_AFTER).subquery("looked")
    wanted = select(looked).where(looked.c.kind == "message", looked.c.type.in_(_CHANGING))
    rows = connection.execute(wanted.order_by(looked.c.occurred_at, looked.c.key))
    return changes(message for row in rows if (message := _message(row)) is not None)


__all__ = [
    "Attachment",
    "ChatMessage",
    "CustomerConversation",
    "DeliveryState",
    "Location",
    "Quote",
    "Reaction",
    "RecentConversation",
    "SharedContact",
    "conversation",
    "recent",
]

#: How often a page that is not full yet looks further: statuses that are not the first of their message fill none.
_LOOKS = 8
_SHORT = (events.c.key, events.c.kind, events.c.type, events.c.wamid, events.c.business_number, events.c.occurred_at)


class CustomerConversation(NamedTuple):
    """A page of a conversation."""

    customer: str
    name: str | None
    last_seen_at: datetime | None
    bubbles: tuple[ChatMessage, ...]  # the oldest first; the first page is the newest
    older: str | None  # cursor of the page before it


class RecentConversation(NamedTuple):
    """A customer who wrote lately, with the last message."""

    customer: str
    name: str | None
    at: datetime
    type: str
    text: str | None


def conversation(
    connection: Connection, customer: str, *, before: str | None = None, limit: int = 50
) -> CustomerConversation:
    """The newest page of a customer's conversation, or the one before. Raises InvalidCursor."""
    who = identifier(customer) or ""
    chosen, older = _choose(connection, who, Cursor.read(before) if before else None, limit)
    about = connection.execute(select(customers.c.name, customers.c.last_seen_at).where(customers.c.id == who)).first()
    name, seen = about or (None, None)
    return CustomerConversation(who, name, seen, tuple(reversed(chat_messages(connection, who, chosen))), older)


def recent(connection: Connection, limit: int = 20) -> tuple[RecentConversation, ...]:
    """The customers who wrote last, of the last few hundred messages."""
    columns = (messages.c.customer, customers.c.name, messages.c.occurred_at, messages.c.type, messages.c.text)
    joined = messages.outerjoin(customers, customers.c.id == messages.c.customer)
    query = select(*columns).select_from(joined).where(messages.c.customer.is_not(None))
    found: dict[str, RecentConversation] = {}
    for row in connection.execute(query.order_by(messages.c.occurred_at.desc()).limit(20 * limit)):
        found.setdefault(row.customer, RecentConversation(*row))
    return tuple(found.values())[:limit]


def _choose(connection: Connection, who: str, cursor: Cursor | None, limit: int) -> tuple[list[AnyRow], str | None]:
    """The events that have a bubble of their own, the newest first, and where the next page begins."""
    chosen: list[AnyRow] = []
    for _ in range(_LOOKS):
        query = select(*_SHORT).where(events.c.customer == who)
        if cursor is not None:
            query = query.where(older_than(cursor))
        rows = connection.execute(query.order_by(*NEWEST).limit(2 * limit + 1)).all()
        first = _firsts(connection, who, [row.wamid for row in rows if row.kind == "status" and row.wamid])
        chosen += [row for row in rows if row.kind != "status" or first.get(row.wamid, row.key) == row.key]
        if len(chosen) > limit:
            last = chosen[limit - 1]
            return chosen[:limit], str(Cursor(last.occurred_at, last.key))
        if len(rows) <= 2 * limit:
            return chosen, None
        cursor = Cursor(rows[-1].occurred_at, rows[-1].key)
    return chosen, str(cursor)


def _firsts(connection: Connection, who: str, wamids: Iterable[str]) -> dict[str, str]:
    """Of each message the key of its first status."""
    wanted = sorted(set(wamids))
    if not wanted:
        return {}
    query = select(events.c.wamid, events.c.key).where(statuses_of(wanted, who)).order_by(*NEWEST)
    return {row.wamid: row.key for row in connection.execute(query)}  # the oldest comes last and stays
