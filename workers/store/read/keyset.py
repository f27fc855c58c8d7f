"""Pages by key-set: a page ends at a row, and the next one begins behind it, however many rows came meanwhile.

An OFFSET would read all that it leaves out, and shift whenever something is written.
"""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Self

from sqlalchemy import Column, ColumnElement, Row, UnaryExpression, and_, or_

from workers.store.schema.tables import events

#: A row of any query.
AnyRow = Row[*tuple[Any, ...]]

_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class InvalidCursor(ValueError):
    """A text that no page ended with."""


class Cursor(NamedTuple):
    """The last row of a page of events that are sorted by time and, within one second, by key."""

    at: datetime
    key: str

    def __str__(self) -> str:
        """As opaque text that fits a URL."""
        raw = f"{(self.at - _BEGIN) // _MICROSECOND:x} {self.key}"
        return base64.urlsafe_b64encode(raw.encode()).rstrip(b"=").decode()

    @classmethod
    def read(cls, text: str) -> Self:
        """From that text. Raises InvalidCursor."""
        try:
            raw = base64.b64decode(text.encode() + b"=" * (-len(text) % 4), b"-_", validate=True).decode()
            at, _, key = raw.partition(" ")
            return cls(_BEGIN + int(at, 16) * _MICROSECOND, key)
        except (binascii.Error, ValueError, OverflowError):
            raise InvalidCursor("this is no place where a page ended") from None


#: The order of pages: the newest event first.
NEWEST: tuple[UnaryExpression[datetime], UnaryExpression[str]] = (events.c.occurred_at.desc(), events.c.key.desc())

#: The columns by which rows are sorted: a time, and what tells those of one time apart.
Order = tuple[Column[Any], Column[Any]]
EVENTS: Order = (events.c.occurred_at, events.c.key)


def older_than(cursor: Cursor, order: Order = EVENTS) -> ColumnElement[bool]:
    """Rows behind that one. The first half is what an index can follow."""
    at, key = order
    return and_(at <= cursor.at, or_(at < cursor.at, key < cursor.key))


def down_to(cursor: Cursor, order: Order = EVENTS) -> ColumnElement[bool]:
    """That row, and those before it."""
    at, key = order
    return and_(at >= cursor.at, or_(at > cursor.at, key >= cursor.key))
