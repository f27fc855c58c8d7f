"""The dead letters: which there are, what they died of, and one of them whole."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from redis.exceptions import ResponseError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from workers.console.context import ConsoleContext, context_of
from workers.console.customer_param import customer_of, redirect_to_token, without
from workers.console.pages.events import moment
from workers.events import Message, StatusUpdate
from workers.lanes.clock import local_time_ms
from workers.lanes.reader import LaneReader
from workers.lanes.records import DeadLetter
from workers.operations.dead_letters import search
from workers.operations.dead_letters.filter import DeadLetterFilter, error_group
from workers.operations.entries import event_type, payload_of
from workers.operations.event_history import HistoryStep, failed_attempts
from workers.runtime.event_entry import InvalidEntry, event_of, unpack

_SHOWN = 50
_MAX_SHOWN = 1000
#: What can be asked for, in the order of the form.
FIELDS = ("lane", "type", "why", "error", "customer", "within", "since", "until", "group")
WITHIN = {"15m": ("15 minutes", 900), "1h": ("hour", 3600), "6h": ("6 hours", 21_600), "1d": ("day", 86_400)}
WITHIN |= {"7d": ("7 days", 604_800)}


async def page(request: Request) -> Response:
    """The groups, and the newest letters."""
    here = context_of(request)
    if (elsewhere := redirect_to_token(here, request)) is not None:
        return elsewhere
    asked = {name: request.query_params.get(name, "").strip() for name in FIELDS}
    most, problems = _shown(request.query_params.get("most", "")), list[str]()
    meant = wanted(here, asked, problems)
    found = await here.run_redis(search.find_page, here.redis, meant, most)
    return here.render(
        request,
        "dead.html",
        asked=asked,
        customer=meant.customer,
        everybody=without(request),
        filtered=any(asked.values()),
        problems=problems,
        found=found,
        rows=[(letter, event_type(letter.data)) for letter in found.letters],
        lanes=[lane.lane for lane in here.sampler.state.snapshot.lanes if lane.dead]
        if here.sampler.state.snapshot
        else [],
        within=WITHIN,
        narrowed=lambda **more: "/dead?" + _query({**asked, **more}),
        further="/dead?" + _query({**asked, "most": str(min(most * 4, _MAX_SHOWN))}) if most < _MAX_SHOWN else "",
    )


async def one(request: Request) -> Response:
    """One letter whole."""
    here, lane, identity = context_of(request), request.path_params["lane"], request.path_params["id"]
    try:
        letter = await here.run_redis(LaneReader(here.redis).dead_letter, lane, identity)
    except ResponseError:  # no id at all
        letter = None
    if letter is None:
        raise HTTPException(404, "There is no such dead letter any more: it was replayed, discarded or purged.")
    about = _about(letter)
    made: list[HistoryStep] = []
    if (entry := about["entry"]) is not None:
        made = await here.run_redis(failed_attempts, here.redis, lane, entry.item.key, entry.received_ms)
    group = error_group(letter.error)
    return here.render(request, "letter.html", letter=letter, group=group, attempts=made, **about)


def wanted(here: ConsoleContext, asked: Mapping[str, str], problems: list[str]) -> DeadLetterFilter:
    """Which letters a form asks for; what of it cannot be read is among the `problems`."""
    within = WITHIN.get(asked["within"])
    since, until = moment(asked["since"], problems), moment(asked["until"], problems, end=True)
    return DeadLetterFilter(
        lane=asked["lane"],
        type=asked["type"],
        why=asked["why"],
        error=asked["error"],
        customer=customer_of(here, asked["customer"]) or "",
        group=asked["group"],
        since_ms=max(local_time_ms() - within[1] * 1000 if within else 0, _ms(since)),
        until_ms=_ms(until),
    )


def _ms(at: datetime | None) -> int:
    return max(round(at.timestamp() * 1000), 0) if at else 0


def _about(letter: DeadLetter) -> dict[str, Any]:
    """What its entry tells; nothing for a webhook that was never classified."""
    try:
        entry = unpack(letter.data)
        event = event_of(entry, letter.attempts)
    except InvalidEntry:
        return {"entry": None, "event": None, "customer": None, "payload": letter.data}
    about = {"entry": entry, "event": event, "payload": payload_of(entry)}
    if isinstance(event, Message):
        return about | {"customer": event.customer}
    return about | {"customer": event.recipient if isinstance(event, StatusUpdate) else None}


def _query(asked: Mapping[str, str]) -> str:
    return urlencode({name: value for name, value in asked.items() if value})


def _shown(text: str) -> int:
    return min(max(int(text), _SHOWN), _MAX_SHOWN) if text.isascii() and text.isdecimal() and len(text) < 6 else _SHOWN
