"""What became of the messages sent: by day, category and billing, with the reasons of failures.

A message counts on the day it was sent (where no `sent` came, on that of the first thing known of it), and as what it
is now: one that was read was delivered too, and one that was delivered after it failed did not fail.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Date, FromClause, Select, cast, func, select, union_all

from workers.store.schema.tables import deliveries
from workers.store.write.sql_values import identifier

_DELIVERED = frozenset({"delivered", "read", "played"})
_READ = frozenset({"read", "played"})
_AT_ONCE = 500


class ReportPeriod(NamedTuple):
    """Which messages: sent in this time (aware; `until` is outside), perhaps from one of your numbers only."""

    since: datetime
    until: datetime
    business_number: str | None = None
    offset_minutes: int = 0  # the days are those of UTC plus this


class DailyCounts(NamedTuple):
    """The messages of one day that are billed alike."""

    day: date
    category: str | None
    billable: bool | None
    sent: int
    delivered: int
    read: int
    failed: int


class FailureCount(NamedTuple):
    """Why so many messages failed."""

    code: int | None
    title: str | None
    messages: int


class BillingLine(NamedTuple):
    """What is billed of one category."""

    category: str | None
    conversations: int
    messages: int


class DeliveryReport(NamedTuple):
    """The messages of a period."""

    days: tuple[DailyCounts, ...]  # the newest first
    failures: tuple[FailureCount, ...]  # the most frequent first


class _Group(NamedTuple):
    day: date
    category: str | None
    billable: bool | None
    status: str
    code: int | None
    title: str | None
    messages: int


def count(connection: Connection, wanted: ReportPeriod, *, failures: int = 10) -> DeliveryReport:
    """Its messages; `failures`: the most reasons that are told. Costs about 0.5 µs a message of the period."""
    names = ("category", "billable", "status", "error_code", "error_title")
    messages = union_all(*_parts(wanted, *(deliveries.c[name] for name in names))).subquery("messages")
    about = (_day(connection, messages, wanted.offset_minutes), *(messages.c[name] for name in names))
    rows = connection.execute(select(*about, func.count()).group_by(*about))
    groups = [_Group(date.fromisoformat(str(day)), *rest) for day, *rest in rows]
    return DeliveryReport(_days(groups), _failures(groups, failures))


def billable(connection: Connection, wanted: ReportPeriod) -> tuple[BillingLine, ...]:
    """What is billed. Costs about 0.6 µs a message of the period."""
    parts = _parts(wanted, deliveries.c.category, deliveries.c.conversation_id)
    billed = union_all(*(part.where(deliveries.c.billable) for part in parts)).subquery("billed")
    counts = (func.count(billed.c.conversation_id.distinct()), func.count())
    rows = connection.execute(select(billed.c.category, *counts).group_by(billed.c.category))
    return tuple(sorted((BillingLine(*row) for row in rows), key=lambda row: row.category or ""))


def iter_deliveries(connection: Connection, wanted: ReportPeriod) -> Iterator[dict[str, Any]]:
    """The rows of `deliveries` that the report counts, a few hundred in memory at a time, in no certain order."""
    names = deliveries.c.keys()
    for part in _parts(wanted, *deliveries.c):
        with connection.execute(part, execution_options={"yield_per": _AT_ONCE}) as rows:
            for row in rows:
                yield dict(zip(names, row, strict=False))  # without the column `at`


def _days(groups: Iterable[_Group]) -> tuple[DailyCounts, ...]:
    found: dict[tuple[date, str | None, bool | None], Counter[str]] = {}
    for group in groups:
        counts = found.setdefault((group.day, group.category, group.billable), Counter())
        counts[group.status] += group.messages
    made = [_row(about, counts) for about, counts in found.items()]
    return tuple(sorted(made, key=lambda row: (-row.day.toordinal(), row.category or "", not row.billable)))


def _row(about: tuple[date, str | None, bool | None], counts: Counter[str]) -> DailyCounts:
    delivered, read = (sum(counts[status] for status in statuses) for statuses in (_DELIVERED, _READ))
    return DailyCounts(*about, counts.total(), delivered, read, counts["failed"])


def _failures(groups: Iterable[_Group], most: int) -> tuple[FailureCount, ...]:
    counts: Counter[tuple[int | None, str | None]] = Counter()
    for group in groups:
        if group.status == "failed":
            counts[group.code, group.title] += group.messages
    return tuple(FailureCount(*about, count) for about, count in counts.most_common(most))


def _parts(wanted: ReportPeriod, *columns: ColumnElement[Any]) -> list[Select[Any]]:
    """The messages of the period, in two queries that an index on `sent_at` can follow, each with a column `at`."""
    sent, first = (
        deliveries.c.sent_at,
        func.coalesce(deliveries.c.delivered_at, deliveries.c.read_at, deliveries.c.failed_at),
    )
    parts = [
        select(*columns, sent.label("at")).where(sent >= wanted.since, sent < wanted.until),
        select(*columns, first.label("at")).where(sent.is_(None), first >= wanted.since, first < wanted.until),
    ]
    number = identifier(wanted.business_number)
    return parts if number is None else [part.where(deliveries.c.business_number == number) for part in parts]


def _day(connection: Connection, messages: FromClause, offset: int) -> ColumnElement[Any]:
    if connection.dialect.name == "postgresql":
        return cast(func.timezone("UTC", messages.c.at) + timedelta(minutes=offset), Date).label("day")
    return func.date(messages.c.at, f"{offset:+d} minutes").label("day")
