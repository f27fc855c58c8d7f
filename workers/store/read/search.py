"""Search events in bounded time: the newest first, one page at a time.

Each search walks along one index by time (a customer's events, a type's, all events, or all messages when their text is
searched) and skips rows that don't match. If few rows match, it stops after a while and returns how far back it came,
instead of reading through ten million rows (`bounded_scan`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, Select, Text, and_, cast, func, or_, select

from workers.events import UNKNOWN
from workers.store.read.bounded_scan import ScanResult, scan_bounded
from workers.store.read.event_key_range import message_and_status_events, message_event
from workers.store.read.keyset import EVENT_ORDER, NEWEST_FIRST, AnyRow, Cursor, Order
from workers.store.schema.tables import deliveries, events, messages
from workers.store.sql_values import identifier

_PREVIEW_CHARS = 200
_MESSAGE_ORDER: Order = (messages.c.occurred_at, messages.c.wamid)


class EventFilter(NamedTuple):
    """Conditions that an event must all meet; None and empty match any. Times are aware and by the provider's clock."""

    wamid: str | None = None
    customer: str | None = None
    types: tuple[str, ...] = ()
    kind: str | None = None
    #: Current state of an outgoing message; matches its event of that type. `sent` matches messages not yet delivered.
    status: str | None = None
    text: str | None = None  # substring of a message's text; ASCII letters match in either case
    business_number: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class EventSummary(NamedTuple):
    """An event without its payload."""

    key: str
    kind: str
    type: str
    wamid: str | None
    customer: str | None
    business_number: str | None
    occurred_at: datetime
    received_at: datetime
    text: str | None  # the beginning of a message's text
    status: str | None  # for a status: the current state of its message
    error: str | None = None  # for a failure: its code and title


class EventPage(NamedTuple):
    """A page of matching events."""

    events: tuple[EventSummary, ...]  # the newest first
    older: str | None  # cursor of the next page; None: there are no more
    searched_back_to: datetime | None  # where the search ran out of time: older events haven't been searched yet


def search_events(
    connection: Connection, criteria: EventFilter, *, before: str | None = None, limit: int = 50
) -> EventPage:
    """Return the newest matching events, or those after the cursor `before`. Raises InvalidCursor."""
    cursor = Cursor.parse(before) if before else None
    if criteria.text:
        return _search_by_text(connection, criteria, cursor, limit)

    def match(batch: Select[Any], max_rows: int) -> Sequence[AnyRow]:
        window = batch.order_by(*NEWEST_FIRST).subquery("batch")
        query = select(*_summary_columns(window)).where(*_conditions(window, criteria))
        query = query.order_by(window.c.occurred_at.desc(), window.c.key.desc())
        return connection.execute(query.limit(max_rows)).all()

    result = scan_bounded(connection, _candidate_events(criteria), EVENT_ORDER, cursor, match, limit)
    shown = [EventSummary(*row) for row in result.rows]
    return _page(shown, result, Cursor(shown[-1].occurred_at, shown[-1].key) if shown else None)


def related_events(connection: Connection, wamid: str, limit: int = 200) -> tuple[EventSummary, ...]:
    """Return the events that are this message or its statuses, the oldest first."""
    query = select(*_summary_columns(events)).where(message_and_status_events(wamid))
    query = query.order_by(events.c.occurred_at, events.c.key)
    return tuple(EventSummary(*row) for row in connection.execute(query.limit(limit)))


def _candidate_events(criteria: EventFilter) -> Select[Any]:
    """Return the events that an index can narrow down to."""
    query = select(events)
    if criteria.wamid:
        query = query.where(message_and_status_events(identifier(criteria.wamid) or ""))
    if criteria.customer:
        query = query.where(events.c.customer == identifier(criteria.customer))
    elif (only_type := _only_type(criteria)) is not None:
        query = query.where(events.c.type == only_type)
    if criteria.since is not None:
        query = query.where(events.c.occurred_at >= criteria.since)
    if criteria.until is not None:
        query = query.where(events.c.occurred_at < criteria.until)
    return query


def _only_type(criteria: EventFilter) -> str | None:
    """Return the type that all matching events have, if there is one."""
    if criteria.status:
        return criteria.status
    if len(criteria.types) == 1:
        return criteria.types[0]
    return UNKNOWN if criteria.kind == UNKNOWN else None


def _conditions(window: FromClause, criteria: EventFilter) -> list[ColumnElement[bool]]:
    """Return the conditions that the candidates must still meet."""
    conditions: list[ColumnElement[bool]] = []
    if criteria.types:
        conditions.append(window.c.type.in_(criteria.types))
    if criteria.kind:
        conditions.append(window.c.kind == criteria.kind)
    if criteria.business_number:
        conditions.append(window.c.business_number == identifier(criteria.business_number))
    if criteria.status:
        conditions += [window.c.kind == "status", window.c.type == criteria.status]
        conditions.append(_delivery_status(window) == criteria.status)
    return conditions


def _search_by_text(connection: Connection, criteria: EventFilter, cursor: Cursor | None, limit: int) -> EventPage:
    """Return the events of the newest messages that contain `criteria.text`. The cursors are of `messages`."""
    if criteria.status or criteria.kind not in (None, "message"):
        return EventPage((), None, None)  # statuses have no text

    def match(batch: Select[Any], max_rows: int) -> Sequence[AnyRow]:
        return connection.execute(_matching_messages(batch, criteria).limit(max_rows)).all()

    result = scan_bounded(connection, _candidate_messages(criteria), _MESSAGE_ORDER, cursor, match, limit)
    last = Cursor(result.rows[-1].occurred_at, result.rows[-1].wamid) if result.rows else None
    return _page(_message_events(connection, result.rows, criteria), result, last)


def _candidate_messages(criteria: EventFilter) -> Select[Any]:
    """Return the messages that an index can narrow down to."""
    query = select(messages)
    if criteria.wamid:
        query = query.where(messages.c.wamid == identifier(criteria.wamid))
    if criteria.customer:
        query = query.where(messages.c.customer == identifier(criteria.customer))
    if criteria.since is not None:
        query = query.where(messages.c.occurred_at >= criteria.since)
    if criteria.until is not None:
        query = query.where(messages.c.occurred_at < criteria.until)
    return query


def _matching_messages(batch: Select[Any], criteria: EventFilter) -> Select[Any]:
    window = batch.order_by(*(column.desc() for column in _MESSAGE_ORDER)).subquery("batch")
    query = select(window.c.wamid, window.c.type, window.c.occurred_at)
    query = query.where(window.c.text.icontains(criteria.text or "", autoescape=True))
    if criteria.types:
        query = query.where(window.c.type.in_(criteria.types))
    return query.order_by(window.c.occurred_at.desc(), window.c.wamid.desc())


def _message_events(connection: Connection, rows: Sequence[AnyRow], criteria: EventFilter) -> list[EventSummary]:
    if not rows:
        return []
    query = select(*_summary_columns(events)).where(or_(*(message_event(row.wamid, row.type) for row in rows)))
    if criteria.business_number:
        query = query.where(events.c.business_number == identifier(criteria.business_number))
    return [EventSummary(*row) for row in connection.execute(query.order_by(*NEWEST_FIRST))]


def _page(shown: Sequence[EventSummary], result: ScanResult, last: Cursor | None) -> EventPage:
    """Return the page; `last` is the cursor of the last matching row."""
    if result.has_more:
        return EventPage(tuple(shown), str(last), None)
    if result.stopped_at is not None:
        return EventPage(tuple(shown), str(result.stopped_at), result.stopped_at.at)
    return EventPage(tuple(shown), None, None)


def _summary_columns(source: FromClause) -> Sequence[ColumnElement[Any]]:
    """Return the columns of an EventSummary, from `events` or a part of it."""
    own = messages.c.wamid == source.c.wamid
    preview = func.substr(messages.c.text, 1, _PREVIEW_CHARS)
    text = select(preview).where(own, source.c.kind == "message").scalar_subquery()
    return (*(source.c[name] for name in EventSummary._fields[:-3]), text, _delivery_status(source), _failure(source))


def _delivery_status(source: FromClause) -> ColumnElement[str | None]:
    return _delivery_value(source, deliveries.c.status, source.c.kind == "status")


def _failure(source: FromClause) -> ColumnElement[str | None]:
    code = func.coalesce(cast(deliveries.c.error_code, Text), "")
    reason = func.trim(code + " " + func.coalesce(deliveries.c.error_title, ""))
    return _delivery_value(source, reason, and_(source.c.kind == "status", source.c.type == "failed"))


def _delivery_value(
    source: FromClause, value: ColumnElement[Any], condition: ColumnElement[bool]
) -> ColumnElement[str | None]:
    """Return a value from the delivery of a status's message."""
    own = and_(deliveries.c.wamid == source.c.wamid, deliveries.c.recipient == source.c.customer)
    return select(value).where(own, condition).scalar_subquery()
