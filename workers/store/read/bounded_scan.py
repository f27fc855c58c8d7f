"""Looking for rows that are rare, for a bounded time.

A search walks along an index and leaves out what does not fit. Where little fits it takes one stretch of rows after the
other, each longer than the one before, until it has found enough, or all was looked at, or its time is spent. Then it
says how far it came and can be asked to go on there. However large the tables are, it takes no longer.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select

from workers.store.read.keyset import AnyRow, Cursor, Order, down_to, older_than

#: Rows of the first stretch, how much longer the next one is, and of the longest.
FIRST, GROWTH, LONGEST = 100, 4, 2_000
#: Seconds after which no further stretch is begun.
TIME_LIMIT = 0.08


class ScanResult(NamedTuple):
    """What a search found."""

    rows: list[AnyRow]  # those that fit, in their order
    full: bool  # there is more
    end: Cursor | None  # where it stopped short; None: it did not


def scan_bounded(
    connection: Connection,
    whole: Select[Any],
    order: Order,
    cursor: Cursor | None,
    find: Callable[[Select[Any], int], Sequence[AnyRow]],
    limit: int,
) -> ScanResult:
    """Up to `limit` rows behind the cursor, the newest first.

    `whole`: all rows, narrowed by what an index can follow; `find(part, most)`: those of a part that fit.
    """
    rows: list[AnyRow] = []
    length, spent = FIRST, time.monotonic() + TIME_LIMIT
    while True:
        part = whole if cursor is None else whole.where(older_than(cursor, order))
        # Its end first, so that what is written meanwhile, at the beginning of the first, does not shift it.
        cursor = _end(connection, part, order, length)
        rows += find(part if cursor is None else part.where(down_to(cursor, order)), limit + 1 - len(rows))
        if len(rows) > limit:
            return ScanResult(rows[:limit], full=True, end=None)
        if cursor is None or time.monotonic() >= spent:
            return ScanResult(rows, full=False, end=cursor)
        length = min(length * GROWTH, LONGEST)


def _end(connection: Connection, part: Select[Any], order: Order, length: int) -> Cursor | None:
    """The row at that place; None where there are fewer, so that there is nothing behind them."""
    newest = part.with_only_columns(*order).order_by(*(column.desc() for column in order))
    row = connection.execute(newest.offset(length - 1).limit(1)).first()
    return None if row is None else Cursor(*row)
