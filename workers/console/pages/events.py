"""Stored events: search, and one event with its history."""

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from workers.console.context import ConsoleContext, context_of
from workers.console.customer_param import customer_of, redirect_to_token, without_customer
from workers.console.forms import parse_time
from workers.events import TYPES
from workers.operations.event_history import HistoryStep, event_history
from workers.store.read.event_detail import event_details
from workers.store.read.keyset import InvalidCursor
from workers.store.read.search import EventFilter, search_events

_FIELDS = ("wamid", "customer", "type", "status", "text", "since", "until")
_STATUSES = ("sent", "delivered", "read", "played", "failed")
_KINDS = ("message", "status")
_PAGE_SIZE = 50


async def events_page(request: Request) -> Response:
    """Show matching events, the newest first."""
    console = context_of(request)
    if (redirect := redirect_to_token(console, request)) is not None:
        return redirect
    values = {name: request.query_params.get(name, "").strip() for name in _FIELDS}
    problems: list[str] = []
    criteria = _criteria(console, values, problems)
    before = request.query_params.get("before") or None
    try:
        result = await console.run_query(search_events, criteria, before=before, limit=_PAGE_SIZE)
    except InvalidCursor:
        raise HTTPException(400, "This link is invalid. Search again.") from None
    query = urlencode({name: value for name, value in values.items() if value})
    return console.render(
        request,
        "events.html",
        values=values,
        customer=criteria.customer,
        all_customers=without_customer(request),
        is_filtered=any(values.values()),
        problems=problems,
        result=result,
        types=sorted(TYPES),
        statuses=_STATUSES,
        first="/events" + (f"?{query}" if query else ""),
        is_first=before is None,
        older=f"/events?{query}&before={result.older}".replace("?&", "?") if result.older else "",
    )


async def event_page(request: Request) -> Response:
    """Show one event with its history."""
    console = context_of(request)
    key = console.reveal(request.path_params["token"])
    details = await console.run_query(event_details, key) if key is not None else None
    if details is None:
        raise HTTPException(404, "Event not found. Links expire when the console's password changes: search again.")
    steps: list[HistoryStep] = await console.run_redis(event_history, console.redis, details)
    return console.render(request, "event.html", details=details, event=details.event, steps=steps)


def _criteria(console: ConsoleContext, values: Mapping[str, str], problems: list[str]) -> EventFilter:
    is_kind = values["type"] in _KINDS
    return EventFilter(
        wamid=values["wamid"] or None,
        customer=customer_of(console, values["customer"]),
        types=(values["type"],) if values["type"] and not is_kind else (),
        kind=values["type"] if is_kind else None,
        status=values["status"] if values["status"] in _STATUSES else None,
        text=values["text"] or None,
        since=parse_time(values["since"], problems),
        until=parse_time(values["until"], problems, is_end=True),
    )
