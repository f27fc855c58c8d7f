"""Searching messages by a part of their text.

Substrings are looked for in so many messages at a time, the newest first, by way of `messages`, which is narrower than
`events`. PostgreSQL's trigram index would know them all at once; it needs an extension that not everybody may install,
and is paid for with every message.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select

from workers.store.found import LOOK, Found, Page, Search, columns, end_of, page
from workers.store.keyranges import message_of
from workers.store.paging import NEWEST, AnyRow, Cursor
from workers.store.tables import events, messages
from workers.store.text import identifier

_NEWEST = (messages.c.occurred_at.desc(), messages.c.wamid.desc())


def search(connection: Connection, wanted: Search, cursor: Cursor | None, limit: int) -> Page:
    """The events of the newest messages that hold `wanted.text`. Cursors are of `messages` here."""
    if wanted.status or wanted.kind not in (None, "message"):
        return Page((), None, None)  # statuses have no text
    looked = select(messages).where(*_narrowed(wanted, cursor)).order_by(*_NEWEST)
    rows = connection.execute(_matching(looked.limit(LOOK), wanted).limit(limit + 1)).all()
    full = len(rows) > limit
    rows = rows[:limit]
    last = Cursor(rows[-1].occurred_at, rows[-1].wamid) if rows else None
    end = None if full else end_of(connection, looked, LOOK, messages.c.occurred_at, messages.c.wamid)
    return page(_events(connection, rows, wanted), last, end, full=full)


def _narrowed(wanted: Search, cursor: Cursor | None) -> list[ColumnElement[bool]]:
    """By what an index can follow."""
    at, conditions = messages.c.occurred_at, []
    if wanted.wamid:
        conditions.append(messages.c.wamid == identifier(wanted.wamid))
    if wanted.customer:
        conditions.append(messages.c.customer == identifier(wanted.customer))
    if wanted.since is not None:
        conditions.append(at >= wanted.since)
    if wanted.until is not None:
        conditions.append(at < wanted.until)
    if cursor is not None:
        conditions.append(and_(at <= cursor.at, or_(at < cursor.at, messages.c.wamid < cursor.key)))
    return conditions


def _matching(looked: Select[Any], wanted: Search) -> Select[Any]:
    window = looked.subquery("looked")
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
