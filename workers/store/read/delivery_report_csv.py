"""The delivery report as CSV (RFC 4180), generated line by line."""

import csv
from collections.abc import Generator, Iterable
from datetime import datetime
from io import StringIO
from typing import Any

from sqlalchemy import Connection

from workers.store.read import delivery_report
from workers.store.read.delivery_report import DailyCounts, ReportPeriod
from workers.store.schema.tables import deliveries

#: A cell that begins with one of these could be run as a formula by a spreadsheet.
_FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r")


def csv_days(connection: Connection, period: ReportPeriod) -> Generator[str]:
    """Yield the lines of the report by day, the newest day first."""
    yield from _lines(DailyCounts._fields, delivery_report.count_deliveries(connection, period).days)


def csv_deliveries(connection: Connection, period: ReportPeriod) -> Generator[str]:
    """Yield one line for each message sent."""
    names = deliveries.c.keys()
    yield from _lines(names, (row.values() for row in delivery_report.iter_deliveries(connection, period)))


def _lines(names: Iterable[str], rows: Iterable[Iterable[Any]]) -> Generator[str]:
    buffer = StringIO()
    writer = csv.writer(buffer)
    writer.writerow(names)
    yield buffer.getvalue()
    for row in rows:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow(map(_cell, row))
        yield buffer.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value.startswith(_FORMULA_PREFIXES):
        return "'" + value
    return value
