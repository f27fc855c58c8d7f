"""What became of the messages that were sent: by day, category and whether they are billed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from workers.console.context import NoDatabase, bounded, context_of
from workers.console.pages.events import moment
from workers.operations import audit_log
from workers.operations.audit_log import Actor
from workers.parsing.coerce import as_phone
from workers.store import Store
from workers.store.read.delivery_report import (
    BillingLine,
    DailyCounts,
    DeliveryReport,
    ReportPeriod,
    billable_conversations,
    count_deliveries,
)
from workers.store.read.delivery_report_csv import csv_days, csv_deliveries

_DAYS = 7
_MAX_OFFSET = 14 * 60
#: Seconds that a download may take.
_DOWNLOAD_SECONDS = 600.0
_DOWNLOADS = {"days": csv_days, "deliveries": csv_deliveries}


class Sum(NamedTuple):
    """Of several days."""

    sent: int
    delivered: int
    read: int
    failed: int


async def page(request: Request) -> Response:
    """The report."""
    here = context_of(request)
    problems: list[str] = []
    asked = _asked(request)
    found: DeliveryReport = await here.run_query(count_deliveries, _period(asked, problems))
    return here.render(
        request,
        "report.html",
        asked=asked,
        problems=problems,
        found=found,
        total=_sum(found.days),
        query=_query(asked),
    )


async def billing(request: Request) -> Response:
    """What is billed, as the part of the report that comes after it: it takes as long again."""
    here, asked = context_of(request), _asked(request)
    found: tuple[BillingLine, ...] = await here.run_query(billable_conversations, _period(asked, []))
    part = request.headers.get("hx-request") == "true"
    return here.render(request, "parts/billing.html" if part else "billing.html", billable=found, query=_query(asked))


async def download(request: Request) -> Response:
    """As CSV. That of single messages holds phone numbers, so these must be shown."""
    here, what = context_of(request), request.path_params["what"]
    if what not in _DOWNLOADS:
        raise HTTPException(404)
    asked = _asked(request)
    if what == "deliveries" and not here.shows_numbers(request):
        said = "This file holds phone numbers: choose “Show numbers” first."
        return RedirectResponse(here.with_flash(f"/report?{urlencode(asked)}", {"text": said}), 303)
    if here.store is None:
        raise NoDatabase
    await here.run_query(lambda _connection: None)  # an error now is a page; within the file it would be half a file
    await here.run_redis(
        audit_log.record, here.redis, Actor.of(request), f"{what}.csv downloaded", f"{asked['since']} {asked['until']}"
    )
    name = f"sluice-{what}-{asked['since']}-{asked['until']}.csv"
    return StreamingResponse(
        _lines(here.store, what, _period(asked, [])),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def _lines(store: Store, what: str, period: ReportPeriod) -> Iterator[str]:
    with store.reading() as connection, bounded(connection, _DOWNLOAD_SECONDS):
        yield from _DOWNLOADS[what](connection, period)


def _asked(request: Request) -> dict[str, str]:
    today = datetime.now(UTC).date()
    given = {name: request.query_params.get(name, "").strip() for name in ("since", "until", "number", "offset")}
    given["since"] = _day(given["since"]) or (today - timedelta(days=_DAYS - 1)).isoformat()
    given["until"] = _day(given["until"]) or today.isoformat()
    return given


def _query(asked: dict[str, str]) -> str:
    return urlencode({name: value for name, value in asked.items() if value})


def _day(text: str) -> str:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date().isoformat()
    except ValueError:
        return ""


def _period(asked: dict[str, str], problems: list[str]) -> ReportPeriod:
    offset = _offset(asked["offset"])
    shift = timedelta(minutes=offset)
    since, until = moment(asked["since"], problems), moment(asked["until"], problems, end=True)
    assert since is not None
    assert until is not None
    if until <= since:
        problems.append("The last day lies before the first.")
        until = since
    return ReportPeriod(since - shift, until - shift, as_phone(asked["number"]) if asked["number"] else None, offset)


def _offset(text: str) -> int:
    """Minutes from UTC: `330`, or `+05:30`."""
    sign, digits = (-1 if text.startswith("-") else 1), text.lstrip("+-")
    hours, colon, minutes = digits.partition(":")
    if not (hours.isascii() and hours.isdecimal() and len(hours) < 5 and (not colon or minutes.isdecimal())):
        return 0
    found = sign * (int(hours) * 60 + int(minutes[:2]) if colon else int(hours))
    return found if abs(found) <= _MAX_OFFSET else 0


def _sum(days: tuple[DailyCounts, ...]) -> Sum:
    return Sum(*(sum(getattr(day, name) for day in days) for name in Sum._fields))
