"""Reading events back out of the event store, for replay."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select

from workers.store.schema.tables import events, media, messages
from workers.store.write.sql_values import identifier

_AT_ONCE = 500


class ReplayFilter(NamedTuple):
    """Which events: all of these must hold; None asks for nothing. Times are aware, by the provider's clock."""

    type: str | None = None
    customer: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class StoredEvent(NamedTuple):
    """An event as it was stored, with what is known of its media."""

    key: str
    kind: str
    type: str
    business_number: str | None
    received_at: datetime
    payload: str  # JSON
    media: dict[str, Any] | None  # the row of `media`, if there is one


def count(connection: Connection, wanted: ReplayFilter, after: str = "") -> int:
    """How many events are wanted whose key is greater than `after`."""
    return int(connection.execute(_narrowed(select(func.count()).select_from(events), wanted, after)).scalar_one())


def stream(connection: Connection, wanted: ReplayFilter, after: str = "") -> Iterator[StoredEvent]:
    """Those events by key, a few hundred in memory at a time."""
    columns = (events.c.key, events.c.kind, events.c.type, events.c.business_number, events.c.received_at)
    joined = events.outerjoin(messages, messages.c.wamid == events.c.wamid).outerjoin(
        media, media.c.id == messages.c.media_id
    )
    query = select(*columns, events.c.payload, *media.c).select_from(joined)
    query = _narrowed(query, wanted, after).order_by(events.c.key)
    for row in connection.execution_options(yield_per=_AT_ONCE).execute(query):
        key, kind, event_type, number, received_at, payload, *rest = row
        about = dict(zip(media.c.keys(), rest, strict=True))
        found = about if about["id"] is not None else None
        yield StoredEvent(key, kind, event_type, number, received_at, payload, found)


def _narrowed(query: Select[Any], wanted: ReplayFilter, after: str) -> Select[Any]:
    if wanted.type is not None:
        query = query.where(events.c.type == wanted.type)
    if wanted.customer is not None:
        query = query.where(events.c.customer == identifier(wanted.customer))
    if wanted.since is not None:
        query = query.where(events.c.occurred_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(events.c.occurred_at < wanted.until)
    return query.where(events.c.key > after)
