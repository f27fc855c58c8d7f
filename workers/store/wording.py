"""Searching messages by a part of their text.

Substrings are looked for in the newest messages first, for a while (`looking`), by way of `messages`, which is narrower
than `events`. PostgreSQL's trigram index would know them all at once; it needs an extension that not everybody may
install, and is paid for with every message.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, or_, select

from workers.store.found import Found, Page, Search, columns, page
from workers.store.read.bounded_scan import walk
from workers.store.read.event_key_range import message_of
from workers.store.read.keyset import NEWEST, AnyRow, Cursor, Order
from workers.store.schema.tables import events, messages
from workers.store.write.sql_values import identifier

_ORDER: Order = (messages.c.occurred_at, messages.c.wamid)
_NEWEST = tuple(column.desc() for column in _ORDER)


def search(connection: Connection, wanted: Search, cursor: Cursor | None, limit: int) -> Page:
    """The events of the newest messages that hold `wanted.text`. Cursors are of `messages` here."""
    if wanted.status or wanted.kind not in (None, "message"):
        return Page((), None, None)  # statuses have no text

    def find(part: Select[Any], most: int) -> Sequence[AnyRow]:
        return connection.execute(_matching(part, wanted).limit(most)).all()

    looked = walk(connection, _narrowed(wanted), _ORDER, cursor, find, limit)
    last = Cursor(looked.rows[-1].occurred_at, looked.rows[-1].wamid) if looked.rows else None
    return page(_events(connection, looked.rows, wanted), looked, last)


def _narrowed(wanted: Search) -> Select[Any]:
    """All messages, narrowed by what an index can follow."""
    query = select(messages)
    if wanted.wamid:
        query = query.where(messages.c.wamid == identifier(wanted.wamid))
    if wanted.customer:
        query = query.where(messages.c.customer == identifier(wanted.customer))
    if wanted.since is not None:
        query = query.where(messages.c.occurred_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(messages.c.occurred_at < wanted.until)
    return query


def _matching(part: Select[Any], wanted: Search) -> Select[Any]:
    window = part.order_by(*_NEWEST).subquery("looked")
    query = select(window.c.wamid, window.c.type, window.c.occurred_at)
    query = query.where(window.c.text.icontains(wanted.text or "", autoescape=True))
    if wanted.types:
        query = query.where(window.c.type.in_(wanted.types))
    return query.order_by(window.c.occurred_at.desc(), window.c.wamid.desc())


def _events(connection: Connection, rows: Sequence[AnyRow], wanted: Search) -> list[Found]:
    if not rows:
        return []
    query = select(*columns(events)).where(or_(*(message_of(row.wamid, row.type) for row in rows)))
    if wanted.business_number:
        query = query.where(events.c.business_number == identifier(wanted.business_number))
    return [Found(*row) for row in connection.execute(query.order_by(*NEWEST))]
