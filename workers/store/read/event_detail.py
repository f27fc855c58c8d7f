"""One event with all related rows."""

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, select

from workers.store.read.event_key_range import starts_with
from workers.store.read.search import EventSummary, related_events
from workers.store.schema.tables import customers, deliveries, events, media, messages

#: A row as a mapping from column to value.
RowDict = dict[str, Any]
_MAX_ROWS = 100  # a message to a group has one delivery per member


class EventDetails(NamedTuple):
    """An event and its related rows."""

    event: RowDict  # with `payload`, as JSON text
    message: RowDict | None
    deliveries: tuple[RowDict, ...]  # one per recipient
    media: RowDict | None
    customer: RowDict | None
    related: tuple[EventSummary, ...]  # the other events of its message, the oldest first


def event_details(connection: Connection, key: str) -> EventDetails | None:
    """Return the event with that key, or None."""
    event = _one(connection, events, events.c.key == key)
    if event is None:
        return None
    wamid, customer = event["wamid"], event["customer"]
    message = _one(connection, messages, messages.c.wamid == wamid) if wamid else None
    media_id = message["media_id"] if message else None
    return EventDetails(
        event,
        message,
        tuple(_rows(connection, deliveries, deliveries.c.wamid == wamid)) if wamid else (),
        _one(connection, media, media.c.id == media_id) if media_id else None,
        _one(connection, customers, customers.c.id == customer) if customer else None,
        tuple(other for other in related_events(connection, wamid) if other.key != key) if wamid else (),
    )


def find_by_masked_key(connection: Connection, masked: str, mask: Callable[[str], str]) -> str | None:
    """Return the key that `mask` turns into `masked`, or None if no event or several have such a key."""
    prefix = masked.partition("…")[0]
    if not prefix:
        return None
    query = select(events.c.key).where(starts_with(prefix)).limit(_MAX_ROWS)
    keys = [key for key in connection.scalars(query) if mask(key) == masked]
    return keys[0] if len(keys) == 1 else None


def _rows(connection: Connection, table: Table, condition: ColumnElement[bool]) -> list[RowDict]:
    query = select(table).where(condition).order_by(*table.primary_key).limit(_MAX_ROWS)
    names = [str(column.name) for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in connection.execute(query)]


def _one(connection: Connection, table: Table, condition: ColumnElement[bool]) -> RowDict | None:
    rows = _rows(connection, table, condition)
    return rows[0] if rows else None
