"""One customer's conversation: what came in and what became of what went out, in the order of time.

A message of ours is known by its statuses only. Its bubble stands at the time of the first of them.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from workers.store.enriching import bubbles
from workers.store.read.chat_message import Bubble, Card, File, Place, Quote, Reaction, Ticks
from workers.store.read.event_key_range import statuses_of
from workers.store.read.keyset import NEWEST, AnyRow, Cursor, older_than
from workers.store.schema.tables import customers, events, messages
from workers.store.write.sql_values import identifier

__all__ = [
    "Bubble",
    "Card",
    "Conversation",
    "File",
    "Place",
    "Quote",
    "Reaction",
    "Recent",
    "Ticks",
    "conversation",
    "recent",
]

#: How often a page that is not full yet looks further: statuses that are not the first of their message fill none.
_LOOKS = 8
_SHORT = (events.c.key, events.c.kind, events.c.type, events.c.wamid, events.c.business_number, events.c.occurred_at)


class Conversation(NamedTuple):
    """A page of a conversation."""

    customer: str
    name: str | None
    last_seen_at: datetime | None
    bubbles: tuple[Bubble, ...]  # the oldest first; the first page is the newest
    older: str | None  # cursor of the page before it


class Recent(NamedTuple):
    """A customer who wrote lately, with the last message."""

    customer: str
    name: str | None
    at: datetime
    type: str
    text: str | None


def conversation(connection: Connection, customer: str, *, before: str | None = None, limit: int = 50) -> Conversation:
    """The newest page of a customer's conversation, or the one before. Raises BadCursor."""
    who = identifier(customer) or ""
    chosen, older = _choose(connection, who, Cursor.read(before) if before else None, limit)
    about = connection.execute(select(customers.c.name, customers.c.last_seen_at).where(customers.c.id == who)).first()
    name, seen = about or (None, None)
    return Conversation(who, name, seen, tuple(reversed(bubbles(connection, who, chosen))), older)


def recent(connection: Connection, limit: int = 20) -> tuple[Recent, ...]:
    """The customers who wrote last, of the last few hundred messages."""
    columns = (messages.c.customer, customers.c.name, messages.c.occurred_at, messages.c.type, messages.c.text)
    joined = messages.outerjoin(customers, customers.c.id == messages.c.customer)
    query = select(*columns).select_from(joined).where(messages.c.customer.is_not(None))
    found: dict[str, Recent] = {}
    for row in connection.execute(query.order_by(messages.c.occurred_at.desc()).limit(20 * limit)):
        found.setdefault(row.customer, Recent(*row))
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
