"""The events that were stored: searched, and one event's life."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from workers.console.context import ConsoleContext, context_of
from workers.console.customer_param import customer_of, redirect_to_token, without
from workers.events import TYPES
from workers.operations.event_history import HistoryStep, event_history
from workers.store.read.event_detail import event_details
from workers.store.read.keyset import InvalidCursor
from workers.store.read.search import EventFilter, search_events

_FIELDS = ("wamid", "customer", "type", "status", "text", "since", "until")
_STATUSES = ("sent", "delivered", "read", "played", "failed")
_KINDS = ("message", "status")
_AT_ONCE = 50
_DAY = timedelta(days=1)


async def page(request: Request) -> Response:
    """What was asked for, the newest first."""
    here = context_of(request)
    if (elsewhere := redirect_to_token(here, request)) is not None:
        return elsewhere
    asked = {name: request.query_params.get(name, "").strip() for name in _FIELDS}
    problems: list[str] = []
    wanted = _wanted(here, asked, problems)
    before = request.query_params.get("before") or None
    try:
        found = await here.run_query(search_events, wanted, before=before, limit=_AT_ONCE)
    except InvalidCursor:
        raise HTTPException(400, "This address is not one of ours: search again.") from None
    query = urlencode({name: value for name, value in asked.items() if value})
    return here.render(
        request,
        "events.html",
        asked=asked,
        customer=wanted.customer,
        everybody=without(request),
        filtered=any(asked.values()),
        problems=problems,
        found=found,
        types=sorted(TYPES),
        statuses=_STATUSES,
        first="/events" + (f"?{query}" if query else ""),
        is_first=before is None,
        older=f"/events?{query}&before={found.older}".replace("?&", "?") if found.older else "",
    )


async def one(request: Request) -> Response:
    """One event's life."""
    here = context_of(request)
    key = here.reveal(request.path_params["token"])
    known = await here.run_query(event_details, key) if key is not None else None
    if known is None:
        raise HTTPException(404, "There is no such event. Links end when the console's password changes: search anew.")
    steps: list[HistoryStep] = await here.run_redis(event_history, here.redis, known)
    return here.render(request, "event.html", known=known, event=known.event, steps=steps)


def moment(text: str, problems: list[str], *, end: bool = False) -> datetime | None:
    """A day or a time (UTC) as browsers' fields write it; the `end` of a day is that of its last second."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        problems.append(f"{text} is no time; 2026-01-31 or 2026-01-31T18:00 are.")
        return None
    found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    return found + _DAY if end and len(text) == len("2026-01-31") else found


def _wanted(here: ConsoleContext, asked: Mapping[str, str], problems: list[str]) -> EventFilter:
    return EventFilter(
        wamid=asked["wamid"] or None,
        customer=customer_of(here, asked["customer"]),
        types=(asked["type"],) if asked["type"] and asked["type"] not in _KINDS else (),
        kind=asked["type"] if asked["type"] in _KINDS else None,
        status=asked["status"] if asked["status"] in _STATUSES else None,
        text=asked["text"] or None,
        since=moment(asked["since"], problems),
        until=moment(asked["until"], problems, end=True),
    )
