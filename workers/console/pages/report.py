"""The delivery report: messages sent by day, category and billing, and as CSV."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from workers.console.context import NoDatabase, context_of
from workers.console.forms import parse_time
from workers.parsing.coerce import as_phone
from workers.store import Store
from workers.store.engine import query_time_limit
from workers.store.read.delivery_report import (
    BillingLine,
    DailyCounts,
    DeliveryReport,
    ReportPeriod,
    billable_conversations,
    count_deliveries,
)
from workers.store.read.delivery_report_csv import csv_days, csv_deliveries

_DEFAULT_DAYS = 7
_MAX_OFFSET_MINUTES = 14 * 60
_DOWNLOAD_TIMEOUT_SECONDS = 600.0
_DOWNLOADS = {"days": csv_days, "deliveries": csv_deliveries}


class ReportTotals(NamedTuple):
    """Sums over all days."""

    sent: int
    delivered: int
    read: int
    failed: int


async def report_page(request: Request) -> Response:
    """Show the report."""
    console, values = context_of(request), _values(request)
    problems: list[str] = []
    report: DeliveryReport = await console.run_query(count_deliveries, _period(values, problems))
    return console.render(
        request,
        "report.html",
        values=values,
        problems=problems,
        report=report,
        total=_totals(report.days),
        query=_encode(values),
    )


async def billing_page(request: Request) -> Response:
    """Show what is billed. The report loads this part later, since it takes as long again."""
    console, values = context_of(request), _values(request)
    billable: tuple[BillingLine, ...] = await console.run_query(billable_conversations, _period(values, []))
    template = "parts/billing.html" if request.headers.get("hx-request") == "true" else "billing.html"
    return console.render(request, template, billable=billable, query=_encode(values))


async def download_csv(request: Request) -> Response:
    """Return the report as CSV. Single messages include phone numbers, so these must be shown."""
    console, what = context_of(request), request.path_params["what"]
    if what not in _DOWNLOADS:
        raise HTTPException(404)
    values = _values(request)
    if what == "deliveries" and not console.shows_numbers(request):
        message = {"text": "This file contains phone numbers. Choose “Show numbers” first."}
        return RedirectResponse(console.with_flash(f"/report?{urlencode(values)}", message), 303)
    if console.store is None:
        raise NoDatabase
    await console.run_query(lambda _connection: None)  # an error now is a page, later it would be half a file
    await console.record_action(request, f"{what}.csv downloaded", f"{values['since']} {values['until']}")
    name = f"sluice-{what}-{values['since']}-{values['until']}.csv"
    return StreamingResponse(
        _lines(console.store, what, _period(values, [])),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def _lines(store: Store, what: str, period: ReportPeriod) -> Iterator[str]:
    with store.reading() as connection, query_time_limit(connection, _DOWNLOAD_TIMEOUT_SECONDS):
        yield from _DOWNLOADS[what](connection, period)


def _values(request: Request) -> dict[str, str]:
    """Return the form's fields, with the last week as the default period."""
    today = datetime.now(UTC).date()
    values = {name: request.query_params.get(name, "").strip() for name in ("since", "until", "number", "offset")}
    values["since"] = _iso_day(values["since"]) or (today - timedelta(days=_DEFAULT_DAYS - 1)).isoformat()
    values["until"] = _iso_day(values["until"]) or today.isoformat()
    return values


def _encode(values: dict[str, str]) -> str:
    return urlencode({name: value for name, value in values.items() if value})


def _iso_day(text: str) -> str:
    """Return the day, or an empty text if it is invalid."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date().isoformat()
    except ValueError:
        return ""


def _period(values: dict[str, str], problems: list[str]) -> ReportPeriod:
    offset = _offset_minutes(values["offset"])
    shift = timedelta(minutes=offset)
    since, until = parse_time(values["since"], problems), parse_time(values["until"], problems, is_end=True)
    assert since is not None
    assert until is not None
    if until <= since:
        problems.append("The last day is before the first.")
        until = since
    number = as_phone(values["number"]) if values["number"] else None
    return ReportPeriod(since - shift, until - shift, number, offset)


def _offset_minutes(text: str) -> int:
    """Return the offset from UTC in minutes, from `330` or `+05:30`; 0 if it is invalid."""
    sign, digits = (-1 if text.startswith("-") else 1), text.lstrip("+-")
    hours, colon, minutes = digits.partition(":")
    if not (hours.isascii() and hours.isdecimal() and len(hours) < 5 and (not colon or minutes.isdecimal())):
        return 0
    offset = sign * (int(hours) * 60 + int(minutes[:2]) if colon else int(hours))
    return offset if abs(offset) <= _MAX_OFFSET_MINUTES else 0


def _totals(days: tuple[DailyCounts, ...]) -> ReportTotals:
    return ReportTotals(*(sum(getattr(day, name) for day in days) for name in ReportTotals._fields))
