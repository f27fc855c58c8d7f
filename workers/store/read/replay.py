"""Read events from the event store to replay them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select

from workers.store.schema.tables import events, media, messages
from workers.store.sql_values import identifier

_BATCH_SIZE = 500


class ReplayFilter(NamedTuple):
    """Conditions that an event must all meet; None matches any. Times are aware and by the provider's clock."""

    type: str | None = None
    customer: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class StoredEvent(NamedTuple):
    """A stored event with its media row."""

    key: str
    kind: str
    type: str
    business_number: str | None
    received_at: datetime
    payload: str  # JSON
    media: dict[str, Any] | None  # its row of `media`


def count_events(connection: Connection, criteria: ReplayFilter, after: str = "") -> int:
    """Return the number of matching events whose key is greater than `after`."""
    return int(connection.execute(_matching(select(func.count()).select_from(events), criteria, after)).scalar_one())


def iter_events(connection: Connection, criteria: ReplayFilter, after: str = "") -> Iterator[StoredEvent]:
    """Yield these events in order of their keys, with a few hundred in memory at a time."""
    columns = (events.c.key, events.c.kind, events.c.type, events.c.business_number, events.c.received_at)
    joined = events.outerjoin(messages, messages.c.wamid == events.c.wamid).outerjoin(
        media, media.c.id == messages.c.media_id
    )
    query = select(*columns, events.c.payload, *media.c).select_from(joined)
    query = _matching(query, criteria, after).order_by(events.c.key)
    for row in connection.execution_options(yield_per=_BATCH_SIZE).execute(query):
        key, kind, event_type, number, received_at, payload, *media_values = row
        media_row = dict(zip(media.c.keys(), media_values, strict=True))
        has_media = media_row["id"] is not None
        yield StoredEvent(key, kind, event_type, number, received_at, payload, media_row if has_media else None)


def _matching(query: Select[Any], criteria: ReplayFilter, after: str) -> Select[Any]:
    if criteria.type is not None:
        query = query.where(events.c.type == criteria.type)
    if criteria.customer is not None:
        query = query.where(events.c.customer == identifier(criteria.customer))
    if criteria.since is not None:
        query = query.where(events.c.occurred_at >= criteria.since)
    if criteria.until is not None:
        query = query.where(events.c.occurred_at < criteria.until)
    return query.where(events.c.key > after)
