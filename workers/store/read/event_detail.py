"""One event with all that is stored about it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, select

from workers.store.read.event_key_range import begins
from workers.store.read.search import EventSummary, related
from workers.store.schema.tables import customers, deliveries, events, media, messages

#: A row, by column.
Columns = dict[str, Any]
_MAX_GROUP_MEMBERS = 100  # members of a group


class EventDetails(NamedTuple):
    """An event and the rows it has to do with."""

    event: Columns  # with `payload`, as JSON text
    message: Columns | None
    deliveries: tuple[Columns, ...]  # a recipient each
    media: Columns | None
    customer: Columns | None
    related: tuple[EventSummary, ...]  # the other events of its message, the oldest first


def event_details(connection: Connection, key: str) -> EventDetails | None:
    """The event with that key; None where there is none."""
    event = _one(connection, events, events.c.key == key)
    if event is None:
        return None
    wamid, customer = event["wamid"], event["customer"]
    message = _one(connection, messages, messages.c.wamid == wamid) if wamid else None
    file = message["media_id"] if message else None
    return EventDetails(
        event,
        message,
        tuple(_rows(connection, deliveries, deliveries.c.wamid == wamid)) if wamid else (),
        _one(connection, media, media.c.id == file) if file else None,
        _one(connection, customers, customers.c.id == customer) if customer else None,
        tuple(other for other in related(connection, wamid) if other.key != key) if wamid else (),
    )


def find_by_masked_key(connection: Connection, shown: str, mask: Callable[[str], str]) -> str | None:
    """The key that `mask` made that of; None where there is no such event, or more than one."""
    beginning = shown.partition("…")[0]
    if not beginning:
        return None
    query = select(events.c.key).where(begins(beginning)).limit(_MAX_GROUP_MEMBERS)
    found = [key for key in connection.scalars(query) if mask(key) == shown]
    return found[0] if len(found) == 1 else None


def _rows(connection: Connection, table: Table, condition: ColumnElement[bool]) -> list[Columns]:
    query = select(table).where(condition).order_by(*table.primary_key).limit(_MAX_GROUP_MEMBERS)
    names = [str(column.name) for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in connection.execute(query)]


def _one(connection: Connection, table: Table, condition: ColumnElement[bool]) -> Columns | None:
    found = _rows(connection, table, condition)
    return found[0] if found else None
