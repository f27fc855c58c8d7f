"""Counts of messages sent by day, category and billing, and the reasons of failures.

A message counts on the day on which it was sent (without a `sent` status, on the day of its first known status) and by
its current state: a read message counts as delivered too, and one that was delivered after it failed isn't a failure.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Date, FromClause, Select, cast, func, select, union_all

from workers.store.schema.tables import deliveries
from workers.store.sql_values import identifier

_DELIVERED = frozenset({"delivered", "read", "played"})
_READ = frozenset({"read", "played"})
_BATCH_SIZE = 500


class ReportPeriod(NamedTuple):
    """A period (aware times, `until` excluded), optionally limited to one of your numbers."""

    since: datetime
    until: datetime
    business_number: str | None = None
    offset_minutes: int = 0  # time zone of the days, relative to UTC


class DailyCounts(NamedTuple):
    """The messages of one day with the same category and billing."""

    day: date
    category: str | None
    billable: bool | None
    sent: int
    delivered: int
    read: int
    failed: int


class FailureCount(NamedTuple):
    """The number of messages that failed for one reason."""

    code: int | None
    title: str | None
    messages: int


class BillingLine(NamedTuple):
    """The billed conversations and messages of one category."""

    category: str | None
    conversations: int
    messages: int


class DeliveryReport(NamedTuple):
    """The report of a period."""

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


def count_deliveries(connection: Connection, period: ReportPeriod, *, max_failures: int = 10) -> DeliveryReport:
    """Return the report with at most `max_failures` reasons. Takes about 0.5 µs per message of the period."""
    names = ("category", "billable", "status", "error_code", "error_title")
    messages = union_all(*_queries(period, *(deliveries.c[name] for name in names))).subquery("messages")
    grouping = (_day(connection, messages, period.offset_minutes), *(messages.c[name] for name in names))
    rows = connection.execute(select(*grouping, func.count()).group_by(*grouping))
    groups = [_Group(date.fromisoformat(str(day)), *rest) for day, *rest in rows]
    return DeliveryReport(_days(groups), _failures(groups, max_failures))


def billable_conversations(connection: Connection, period: ReportPeriod) -> tuple[BillingLine, ...]:
    """Return what is billed, by category. Takes about 0.6 µs per message of the period."""
    queries = _queries(period, deliveries.c.category, deliveries.c.conversation_id)
    billed = union_all(*(query.where(deliveries.c.billable) for query in queries)).subquery("billed")
    counts = (func.count(billed.c.conversation_id.distinct()), func.count())
    rows = connection.execute(select(billed.c.category, *counts).group_by(billed.c.category))
    return tuple(sorted((BillingLine(*row) for row in rows), key=lambda row: row.category or ""))


def iter_deliveries(connection: Connection, period: ReportPeriod) -> Iterator[dict[str, Any]]:
    """Yield the rows of `deliveries` that the report counts, unordered, with a few hundred in memory at a time."""
    names = deliveries.c.keys()
    for query in _queries(period, *deliveries.c):
        with connection.execute(query, execution_options={"yield_per": _BATCH_SIZE}) as rows:
            for row in rows:
                yield dict(zip(names, row, strict=False))  # without the column `at`


def _days(groups: Iterable[_Group]) -> tuple[DailyCounts, ...]:
    by_day: dict[tuple[date, str | None, bool | None], Counter[str]] = {}
    for group in groups:
        counts = by_day.setdefault((group.day, group.category, group.billable), Counter())
        counts[group.status] += group.messages
    rows = [_daily_counts(key, counts) for key, counts in by_day.items()]
    return tuple(sorted(rows, key=lambda row: (-row.day.toordinal(), row.category or "", not row.billable)))


def _daily_counts(key: tuple[date, str | None, bool | None], counts: Counter[str]) -> DailyCounts:
    delivered, read = (sum(counts[status] for status in statuses) for statuses in (_DELIVERED, _READ))
    return DailyCounts(*key, counts.total(), delivered, read, counts["failed"])


def _failures(groups: Iterable[_Group], limit: int) -> tuple[FailureCount, ...]:
    counts: Counter[tuple[int | None, str | None]] = Counter()
    for group in groups:
        if group.status == "failed":
            counts[group.code, group.title] += group.messages
    return tuple(FailureCount(*reason, count) for reason, count in counts.most_common(limit))


def _queries(period: ReportPeriod, *columns: ColumnElement[Any]) -> list[Select[Any]]:
    """Return two queries for the messages of the period, each with a column `at`; an index on `sent_at` serves both."""
    sent, first = (
        deliveries.c.sent_at,
        func.coalesce(deliveries.c.delivered_at, deliveries.c.read_at, deliveries.c.failed_at),
    )
    queries = [
        select(*columns, sent.label("at")).where(sent >= period.since, sent < period.until),
        select(*columns, first.label("at")).where(sent.is_(None), first >= period.since, first < period.until),
    ]
    number = identifier(period.business_number)
    return queries if number is None else [query.where(deliveries.c.business_number == number) for query in queries]


def _day(connection: Connection, messages: FromClause, offset: int) -> ColumnElement[Any]:
    if connection.dialect.name == "postgresql":
        return cast(func.timezone("UTC", messages.c.at) + timedelta(minutes=offset), Date).label("day")
    return func.date(messages.c.at, f"{offset:+d} minutes").label("day")
