"""Keyset pagination: a page ends at a row and the next one starts after it, regardless of rows added meanwhile.

An OFFSET would read all skipped rows, and would shift whenever a row is written.
"""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Self

from sqlalchemy import Column, ColumnElement, Row, UnaryExpression, and_, or_

from workers.store.schema.tables import events

#: A row of any query.
AnyRow = Row[*tuple[Any, ...]]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class InvalidCursor(ValueError):
    """The text isn't the cursor of a page."""


class Cursor(NamedTuple):
    """The last row of a page of events, which are sorted by time and, within one second, by key."""

    at: datetime
    key: str

    def __str__(self) -> str:
        """Return the cursor as opaque, URL-safe text."""
        raw = f"{(self.at - _EPOCH) // _MICROSECOND:x} {self.key}"
        return base64.urlsafe_b64encode(raw.encode()).rstrip(b"=").decode()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the cursor of such a text. Raises InvalidCursor."""
        try:
            raw = base64.b64decode(text.encode() + b"=" * (-len(text) % 4), b"-_", validate=True).decode()
            at, _, key = raw.partition(" ")
            return cls(_EPOCH + int(at, 16) * _MICROSECOND, key)
        except (binascii.Error, ValueError, OverflowError):
            raise InvalidCursor("invalid page cursor") from None


#: The order of pages: the newest event first.
NEWEST_FIRST: tuple[UnaryExpression[datetime], UnaryExpression[str]] = (
    events.c.occurred_at.desc(),
    events.c.key.desc(),
)

#: The columns by which rows are sorted: a time, and a tie-breaker.
Order = tuple[Column[Any], Column[Any]]
EVENT_ORDER: Order = (events.c.occurred_at, events.c.key)


def older_than(cursor: Cursor, order: Order = EVENT_ORDER) -> ColumnElement[bool]:
    """Return the condition for rows after the cursor. An index can use its first half."""
    at, key = order
    return and_(at <= cursor.at, or_(at < cursor.at, key < cursor.key))


def not_older_than(cursor: Cursor, order: Order = EVENT_ORDER) -> ColumnElement[bool]:
    """Return the condition for the cursor's row and the rows before it."""
    at, key = order
    return and_(at >= cursor.at, or_(at > cursor.at, key >= cursor.key))
