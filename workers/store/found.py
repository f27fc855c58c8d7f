"""What a search for events asks for and what it answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, func, select

from workers.store.paging import Cursor
from workers.store.tables import deliveries, messages

#: Rows that one search looks at, at most; fewer where each of them means a look at another table.
LOOK = 50_000
LOOK_TWICE = 10_000
_PREVIEW = 200  # characters


class Search(NamedTuple):
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


class Found(NamedTuple):
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


class Page(NamedTuple):
    """Some of what was searched for."""

    events: tuple[Found, ...]  # the newest first
    older: str | None  # cursor of the next page; None: there is no more
    looked_back_to: datetime | None  # where the search stopped short: what is older was not looked at yet


def columns(source: FromClause) -> Sequence[ColumnElement[Any]]:
    """The columns of Found, from `events` or a part of it."""
    own = messages.c.wamid == source.c.wamid
    words = select(func.substr(messages.c.text, 1, _PREVIEW)).where(own, source.c.kind == "message").scalar_subquery()
    return (*(source.c[name] for name in Found._fields[:-2]), words, delivery(source))


def delivery(source: FromClause) -> ColumnElement[str | None]:
    """How far the message of a status is now."""
    own = and_(deliveries.c.wamid == source.c.wamid, deliveries.c.recipient == source.c.customer)
    return select(deliveries.c.status).where(own, source.c.kind == "status").scalar_subquery()


def end_of(connection: Connection, looked: Select[Any], most: int, *order: ColumnElement[Any]) -> Cursor | None:
    """The last of the `most` rows of `looked`; None where there are fewer, so that all were looked at."""
    row = connection.execute(looked.with_only_columns(*order).offset(most - 1).limit(1)).first()
    return None if row is None else Cursor(*row)


def page(events: Sequence[Found], last: Cursor | None, end: Cursor | None, *, full: bool) -> Page:
    """`last`: of what was found; `end`: of what was looked at, where that stopped short; `full`: there is more."""
    if full or end is None:
        return Page(tuple(events), str(last) if full else None, None)
    # Rows written since the first look can put its end before what was found last.
    return Page(tuple(events), str(min(end, last) if last else end), end.at)
