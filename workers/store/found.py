"""What a search for events asks for and what it answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, Text, and_, cast, func, select

from workers.store.read.bounded_scan import Looked
from workers.store.read.keyset import Cursor
from workers.store.schema.tables import deliveries, messages

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
    error: str | None = None  # of a failure: its code and title


class Page(NamedTuple):
    """Some of what was searched for."""

    events: tuple[Found, ...]  # the newest first
    older: str | None  # cursor of the next page; None: there is no more
    looked_back_to: datetime | None  # where the search stopped short: what is older was not looked at yet


def columns(source: FromClause) -> Sequence[ColumnElement[Any]]:
    """The columns of Found, from `events` or a part of it."""
    own = messages.c.wamid == source.c.wamid
    words = select(func.substr(messages.c.text, 1, _PREVIEW)).where(own, source.c.kind == "message").scalar_subquery()
    return (*(source.c[name] for name in Found._fields[:-3]), words, delivery(source), _failure(source))


def delivery(source: FromClause) -> ColumnElement[str | None]:
    """How far the message of a status is now."""
    return _told(source, deliveries.c.status, source.c.kind == "status")


def _failure(source: FromClause) -> ColumnElement[str | None]:
    code = func.coalesce(cast(deliveries.c.error_code, Text), "")
    words = func.trim(code + " " + func.coalesce(deliveries.c.error_title, ""))
    return _told(source, words, and_(source.c.kind == "status", source.c.type == "failed"))


def _told(source: FromClause, what: ColumnElement[Any], where: ColumnElement[bool]) -> ColumnElement[str | None]:
    own = and_(deliveries.c.wamid == source.c.wamid, deliveries.c.recipient == source.c.customer)
    return select(what).where(own, where).scalar_subquery()


def page(events: Sequence[Found], looked: Looked, last: Cursor | None) -> Page:
    """`last`: of what was found."""
    if looked.full:
        return Page(tuple(events), str(last), None)
    return Page(tuple(events), str(looked.end) if looked.end else None, looked.end.at if looked.end else None)
