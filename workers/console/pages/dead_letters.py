"""Dead letters: filtered, grouped by error, and one in detail."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from workers.console.context import ConsoleContext, context_of
from workers.console.customer_param import customer_of, redirect_to_token, without_customer
from workers.console.forms import parse_time
from workers.lanes.clock import local_time_ms
from workers.operations.dead_letters import search
from workers.operations.dead_letters.detail import dead_letter_detail
from workers.operations.dead_letters.filter import DeadLetterFilter, error_group
from workers.operations.entries import event_type

_PAGE_SIZE = 50
_MAX_PAGE_SIZE = 1000
#: The filter's fields, in the order of the form.
FILTER_FIELDS = ("lane", "type", "why", "error", "customer", "within", "since", "until", "group")
#: Values of the field `within`: its label and seconds.
WITHIN = {
    "15m": ("15 minutes", 900),
    "1h": ("hour", 3600),
    "6h": ("6 hours", 21_600),
    "1d": ("day", 86_400),
    "7d": ("7 days", 604_800),
}


async def dead_letters_page(request: Request) -> Response:
    """Show groups of matching dead letters by error, and the newest of them."""
    console = context_of(request)
    if (redirect := redirect_to_token(console, request)) is not None:
        return redirect
    values = {name: request.query_params.get(name, "").strip() for name in FILTER_FIELDS}
    problems: list[str] = []
    criteria = parse_filter(console, values, problems)
    limit = _page_size(request.query_params.get("most", ""))
    result = await console.run_redis(search.find_page, console.redis, criteria, limit)
    snapshot = console.sampler.state.snapshot
    return console.render(
        request,
        "dead_letters.html",
        values=values,
        customer=criteria.customer,
        all_customers=without_customer(request),
        is_filtered=any(values.values()),
        problems=problems,
        result=result,
        rows=[(letter, event_type(letter.data)) for letter in result.letters],
        lanes=[lane.lane for lane in snapshot.lanes if lane.dead] if snapshot else [],
        within=WITHIN,
        narrowed_url=lambda **more: "/dead?" + _encode({**values, **more}),
        more_url="/dead?" + _encode({**values, "most": str(limit * 4)}) if limit < _MAX_PAGE_SIZE else "",
    )


async def dead_letter_page(request: Request) -> Response:
    """Show one dead letter in detail."""
    console, lane, identity = context_of(request), request.path_params["lane"], request.path_params["id"]
    detail = await console.run_redis(dead_letter_detail, console.redis, lane, identity)
    if detail is None:
        raise HTTPException(404, "This dead letter no longer exists: it was replayed, discarded or purged.")
    return console.render(
        request, "dead_letter.html", letter=detail.letter, detail=detail, group=error_group(detail.letter.error)
    )


def parse_filter(console: ConsoleContext, values: Mapping[str, str], problems: list[str]) -> DeadLetterFilter:
    """Return the filter of a form. Messages about invalid values are added to `problems`."""
    within = WITHIN.get(values["within"])
    since, until = parse_time(values["since"], problems), parse_time(values["until"], problems, is_end=True)
    return DeadLetterFilter(
        lane=values["lane"],
        type=values["type"],
        why=values["why"],
        error=values["error"],
        customer=customer_of(console, values["customer"]) or "",
        group=values["group"],
        since_ms=max(local_time_ms() - within[1] * 1000 if within else 0, _milliseconds(since)),
        until_ms=_milliseconds(until),
    )


def _milliseconds(time: datetime | None) -> int:
    return max(round(time.timestamp() * 1000), 0) if time else 0


def _encode(values: Mapping[str, str]) -> str:
    return urlencode({name: value for name, value in values.items() if value})


def _page_size(text: str) -> int:
    is_number = text.isascii() and text.isdecimal() and len(text) < 6
    return min(max(int(text), _PAGE_SIZE), _MAX_PAGE_SIZE) if is_number else _PAGE_SIZE
