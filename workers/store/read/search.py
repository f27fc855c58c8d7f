"""Searching events: the newest first, a page at a time, in bounded time whatever is asked.

Each search walks along one index in the order of time: a customer's, a type's, or that of all events (of all messages,
where their text is asked for), and leaves out what does not fit. Where next to nothing fits, it stops after a while and
says how far back it came, rather than go through ten million (`looking`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, Select, Text, and_, cast, func, or_, select

from workers.events import UNKNOWN
from workers.store.read.bounded_scan import ScanResult, scan_bounded
from workers.store.read.event_key_range import message_of, of_message
from workers.store.read.keyset import EVENTS, NEWEST, AnyRow, Cursor, Order
from workers.store.schema.tables import deliveries, events, messages
from workers.store.write.sql_values import identifier

_PREVIEW = 200  # characters


class EventFilter(NamedTuple):
    """Which events: all of these must hold; None and empty ask for nothing. Times: aware, the provider's."""

    wamid: str | None = None
    customer: str | None = None
    types: tuple[str, ...] = ()
    kind: str | None = None
    #: How far a message of ours is now; its event of that type is found. `sent` finds what came no further.
    status: str | None = None
    text: str | None = None  # anywhere in a message; ASCII letters in either case
    business_number: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class EventSummary(NamedTuple):
    """An event, without its payload."""

    key: str
    kind: str
    type: str
    wamid: str | None
    customer: str | None
    business_number: str | None
    occurred_at: datetime
    received_at: datetime
    text: str | None  # the beginning of a message's text
    status: str | None  # of a status: how far its message is now
    error: str | None = None  # of a failure: its code and title


class EventPage(NamedTuple):
    """Some of what was searched for."""

    events: tuple[EventSummary, ...]  # the newest first
    older: str | None  # cursor of the next page; None: there is no more
    looked_back_to: datetime | None  # where the search stopped short: what is older was not looked at yet


def columns(source: FromClause) -> Sequence[ColumnElement[Any]]:
    """The columns of Found, from `events` or a part of it."""
    own = messages.c.wamid == source.c.wamid
    words = select(func.substr(messages.c.text, 1, _PREVIEW)).where(own, source.c.kind == "message").scalar_subquery()
    return (*(source.c[name] for name in EventSummary._fields[:-3]), words, delivery(source), _failure(source))


def delivery(source: FromClause) -> ColumnElement[str | None]:
    """How far the message of a status is now."""
    return _delivery_column(source, deliveries.c.status, source.c.kind == "status")


def _failure(source: FromClause) -> ColumnElement[str | None]:
    code = func.coalesce(cast(deliveries.c.error_code, Text), "")
    words = func.trim(code + " " + func.coalesce(deliveries.c.error_title, ""))
    return _delivery_column(source, words, and_(source.c.kind == "status", source.c.type == "failed"))


def _delivery_column(
    source: FromClause, what: ColumnElement[Any], where: ColumnElement[bool]
) -> ColumnElement[str | None]:
    own = and_(deliveries.c.wamid == source.c.wamid, deliveries.c.recipient == source.c.customer)
    return select(what).where(own, where).scalar_subquery()


def make_page(events: Sequence[EventSummary], looked: ScanResult, last: Cursor | None) -> EventPage:
    """`last`: of what was found."""
    if looked.full:
        return EventPage(tuple(events), str(last), None)
    return EventPage(tuple(events), str(looked.end) if looked.end else None, looked.end.at if looked.end else None)


__all__ = ["EventFilter", "EventPage", "EventSummary", "related", "search"]


def search(connection: Connection, wanted: EventFilter, *, before: str | None = None, limit: int = 50) -> EventPage:
    """The newest events that are wanted, or with `before` those behind that page. Raises InvalidCursor."""
    cursor = Cursor.read(before) if before else None
    if wanted.text:
        return search_by_text(connection, wanted, cursor, limit)

    def find(part: Select[Any], most: int) -> Sequence[AnyRow]:
        window = part.order_by(*NEWEST).subquery("looked")
        query = select(*columns(window)).where(*_rest(window, wanted))
        return connection.execute(query.order_by(window.c.occurred_at.desc(), window.c.key.desc()).limit(most)).all()

    looked = scan_bounded(connection, _narrowed(wanted), EVENTS, cursor, find, limit)
    shown = [EventSummary(*row) for row in looked.rows]
    return make_page(shown, looked, Cursor(shown[-1].occurred_at, shown[-1].key) if shown else None)


def related(connection: Connection, wamid: str, limit: int = 200) -> tuple[EventSummary, ...]:
    """The events that are a message or say what became of it, the oldest first."""
    query = select(*columns(events)).where(of_message(wamid)).order_by(events.c.occurred_at, events.c.key)
    return tuple(EventSummary(*row) for row in connection.execute(query.limit(limit)))


def _narrowed(wanted: EventFilter) -> Select[Any]:
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


def _only_type(wanted: EventFilter) -> str | None:
    """The one type that the events must have, if it is one."""
    if wanted.status:
        return wanted.status
    if len(wanted.types) == 1:
        return wanted.types[0]
    return UNKNOWN if wanted.kind == UNKNOWN else None


def _rest(window: FromClause, wanted: EventFilter) -> list[ColumnElement[bool]]:
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


_ORDER: Order = (messages.c.occurred_at, messages.c.wamid)
_NEWEST = tuple(column.desc() for column in _ORDER)


def search_by_text(connection: Connection, wanted: EventFilter, cursor: Cursor | None, limit: int) -> EventPage:
    """The events of the newest messages that hold `wanted.text`. Cursors are of `messages` here."""
    if wanted.status or wanted.kind not in (None, "message"):
        return EventPage((), None, None)  # statuses have no text

    def find(part: Select[Any], most: int) -> Sequence[AnyRow]:
        return connection.execute(_matching(part, wanted).limit(most)).all()

    looked = scan_bounded(connection, _narrowed_messages(wanted), _ORDER, cursor, find, limit)
    last = Cursor(looked.rows[-1].occurred_at, looked.rows[-1].wamid) if looked.rows else None
    return make_page(_events(connection, looked.rows, wanted), looked, last)


def _narrowed_messages(wanted: EventFilter) -> Select[Any]:
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


def _matching(part: Select[Any], wanted: EventFilter) -> Select[Any]:
    window = part.order_by(*_NEWEST).subquery("looked")
    query = select(window.c.wamid, window.c.type, window.c.occurred_at)
    query = query.where(window.c.text.icontains(wanted.text or "", autoescape=True))
    if wanted.types:
        query = query.where(window.c.type.in_(wanted.types))
    return query.order_by(window.c.occurred_at.desc(), window.c.wamid.desc())


def _events(connection: Connection, rows: Sequence[AnyRow], wanted: EventFilter) -> list[EventSummary]:
    if not rows:
        return []
    query = select(*columns(events)).where(or_(*(message_of(row.wamid, row.type) for row in rows)))
    if wanted.business_number:
        query = query.where(events.c.business_number == identifier(wanted.business_number))
    return [EventSummary(*row) for row in connection.execute(query.order_by(*NEWEST))]
