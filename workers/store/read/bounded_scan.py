"""Search for possibly rare rows in bounded time, however large the tables are.

A search walks along an index and skips rows that don't match. It scans one batch of rows after the other, each larger
than the one before, until it has found enough, has scanned everything, or its time is up. It then returns where it
stopped, so that another call can continue there.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select

from workers.store.read.keyset import AnyRow, Cursor, Order, not_older_than, older_than

#: Rows in the first batch, the growth factor from one batch to the next, and the maximum.
FIRST_BATCH, BATCH_GROWTH, MAX_BATCH = 100, 4, 2_000
#: No further batch is started after this time.
TIME_LIMIT_SECONDS = 0.08


class ScanResult(NamedTuple):
    """The result of a search."""

    rows: list[AnyRow]  # matching rows, the newest first
    has_more: bool  # there are more matching rows
    stopped_at: Cursor | None  # where it ran out of time; None: it scanned enough or everything


def scan_bounded(
    connection: Connection,
    candidates: Select[Any],
    order: Order,
    cursor: Cursor | None,
    match: Callable[[Select[Any], int], Sequence[AnyRow]],
    limit: int,
) -> ScanResult:
    """Return up to `limit` matching rows after the cursor, the newest first.

    `candidates` selects the rows that an index can narrow down to; `match(batch, max_rows)` returns the matching rows
    of a part of them.
    """
    rows: list[AnyRow] = []
    size, deadline = FIRST_BATCH, time.monotonic() + TIME_LIMIT_SECONDS
    while True:
        remaining = candidates if cursor is None else candidates.where(older_than(cursor, order))
        # Find the batch's end first: rows that are written meanwhile come before its start and don't shift it.
        cursor = batch_end(connection, remaining, order, size)
        batch = remaining if cursor is None else remaining.where(not_older_than(cursor, order))
        rows += match(batch, limit + 1 - len(rows))
        if len(rows) > limit:
            return ScanResult(rows[:limit], has_more=True, stopped_at=None)
        if cursor is None or time.monotonic() >= deadline:
            return ScanResult(rows, has_more=False, stopped_at=cursor)
        size = min(size * BATCH_GROWTH, MAX_BATCH)


def batch_end(connection: Connection, remaining: Select[Any], order: Order, size: int) -> Cursor | None:
    """Return the cursor of the `size`-th row, or None if there are fewer rows."""
    newest = remaining.with_only_columns(*order).order_by(*(column.desc() for column in order))
    row = connection.execute(newest.offset(size - 1).limit(1)).first()
    return None if row is None else Cursor(*row)
