"""Searching events: the newest first, a page at a time, in bounded time whatever is asked.

Each search walks along one index in the order of time: a customer's, a type's, or that of all events (of all messages,
where their text is asked for), and leaves out what does not fit. Where next to nothing fits, it stops after a while and
says how far back it came, rather than go through ten million (`looking`).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, select

from workers.events import UNKNOWN
from workers.store import wording
from workers.store.found import Found, Page, Search, columns, delivery, page
from workers.store.read.bounded_scan import walk
from workers.store.read.event_key_range import of_message
from workers.store.read.keyset import EVENTS, NEWEST, AnyRow, Cursor
from workers.store.schema.tables import events
from workers.store.write.sql_values import identifier

__all__ = ["Found", "Page", "Search", "related", "search"]


def search(connection: Connection, wanted: Search, *, before: str | None = None, limit: int = 50) -> Page:
    """The newest events that are wanted, or with `before` those behind that page. Raises BadCursor."""
    cursor = Cursor.read(before) if before else None
    if wanted.text:
        return wording.search(connection, wanted, cursor, limit)

    def find(part: Select[Any], most: int) -> Sequence[AnyRow]:
        window = part.order_by(*NEWEST).subquery("looked")
        query = select(*columns(window)).where(*_rest(window, wanted))
        return connection.execute(query.order_by(window.c.occurred_at.desc(), window.c.key.desc()).limit(most)).all()

    looked = walk(connection, _narrowed(wanted), EVENTS, cursor, find, limit)
    shown = [Found(*row) for row in looked.rows]
    return page(shown, looked, Cursor(shown[-1].occurred_at, shown[-1].key) if shown else None)


def related(connection: Connection, wamid: str, limit: int = 200) -> tuple[Found, ...]:
    """The events that are a message or say what became of it, the oldest first."""
    query = select(*columns(events)).where(of_message(wamid)).order_by(events.c.occurred_at, events.c.key)
    return tuple(Found(*row) for row in connection.execute(query.limit(limit)))


def _narrowed(wanted: Search) -> Select[Any]:
    """All events, narrowed by what an index can follow."""
    query = select(events)
    if wanted.wamid:
        query = query.where(of_message(identifier(wanted.wamid) or ""))
    if wanted.customer:
        query = query.where(events.c.customer == identifier(wanted.customer))
    elif (only := _only_type(wanted)) is not None:
        query = query.where(events.c.type == only)
    if wanted.since is not None:
        query = query.where(events.c.occurred_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(events.c.occurred_at < wanted.until)
    return query


def _only_type(wanted: Search) -> str | None:
    """The one type that the events must have, if it is one."""
    if wanted.status:
        return wanted.status
    if len(wanted.types) == 1:
        return wanted.types[0]
    return UNKNOWN if wanted.kind == UNKNOWN else None


def _rest(window: FromClause, wanted: Search) -> list[ColumnElement[bool]]:
    """What must hold besides."""
    rest: list[ColumnElement[bool]] = []
    if wanted.types:
        rest.append(window.c.type.in_(wanted.types))
    if wanted.kind:
        rest.append(window.c.kind == wanted.kind)
    if wanted.business_number:
        rest.append(window.c.business_number == identifier(wanted.business_number))
    if wanted.status:
        rest += [window.c.kind == "status", window.c.type == wanted.status, delivery(window) == wanted.status]
    return rest
