"""The dead letters: which there are, what they died of, and one of them whole."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from redis.exceptions import ResponseError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shared.lanes.survey import DeadLetter, dead_letter
from workers.console import letters
from workers.console.desk import Desk, desk
from workers.console.guard.veil import BadToken
from workers.console.letters import Wanted
from workers.dead_letters import Filter
from workers.entries import BadEntry, to_event, unpack
from workers.events import Message, StatusUpdate
from workers.payloads.fields import phone

_SHOWN = 50
_MOST_SHOWN = 1000
#: What can be asked for, in the order of the form.
FIELDS = ("lane", "type", "why", "error", "customer", "within", "group", "until")
WITHIN = {"15m": ("15 minutes", 900), "1h": ("hour", 3600), "6h": ("6 hours", 21_600), "1d": ("day", 86_400)}
WITHIN |= {"7d": ("7 days", 604_800)}


async def page(request: Request) -> Response:
    """The groups, and the newest letters."""
    here = desk(request)
    asked = {name: request.query_params.get(name, "").strip() for name in FIELDS if name != "until"}
    most = _shown(request.query_params.get("most", ""))
    found = await here.ask(letters.find, here.redis, wanted(here, asked), most)
    return here.render(
        request,
        "dead.html",
        asked=asked,
        filtered=any(asked.values()),
        found=found,
        rows=[(letter, letters.type_of(letter)) for letter in found.letters],
        lanes=[lane.lane for lane in here.sampler.state.look.lanes if lane.dead] if here.sampler.state.look else [],
        within=WITHIN,
        narrowed=lambda **more: "/dead?" + _query({**asked, **more}),
        further="/dead?" + _query({**asked, "most": str(min(most * 4, _MOST_SHOWN))}) if most < _MOST_SHOWN else "",
    )


async def one(request: Request) -> Response:
    """One letter whole."""
    here, lane, identity = desk(request), request.path_params["lane"], request.path_params["id"]
    try:
        letter = await here.ask(dead_letter, here.redis, lane, identity)
    except ResponseError:  # no id at all
        letter = None
    if letter is None:
        raise HTTPException(404, "There is no such dead letter any more: it was replayed, discarded or purged.")
    return here.render(request, "letter.html", letter=letter, group=letters.group_of(letter.error), **_about(letter))


def wanted(here: Desk, asked: Mapping[str, str]) -> Wanted:
    """Which letters a form asks for."""
    within = WITHIN.get(asked.get("within", ""))
    until = asked.get("until", "")
    return Wanted(
        Filter(
            lane=asked.get("lane", ""),
            type=asked.get("type", ""),
            why=asked.get("why", ""),
            error=asked.get("error", ""),
        ),
        customer=_customer(here, asked.get("customer", "")),
        group=asked.get("group", ""),
        since_ms=letters.now_ms() - within[1] * 1000 if within else 0,
        until_ms=int(until) if until.isascii() and until.isdecimal() and len(until) < 16 else 0,
    )


def _customer(here: Desk, text: str) -> str:
    """The customer that was typed, or that a link of ours names by its token."""
    try:
        return here.veil.reveal(text) if text else ""
    except BadToken:
        return phone(text) or text


def _about(letter: DeadLetter) -> dict[str, Any]:
    """What its entry tells; nothing for a webhook that was never classified."""
    try:
        entry = unpack(letter.data)
        event = to_event(entry, letter.attempts)
    except BadEntry:
        return {"entry": None, "event": None, "customer": None, "payload": letter.data}
    about = {"entry": entry, "event": event, "payload": letters.body_of(entry)}
    if isinstance(event, Message):
        return about | {"customer": event.customer}
    return about | {"customer": event.recipient if isinstance(event, StatusUpdate) else None}


def _query(asked: Mapping[str, str]) -> str:
    return urlencode({name: value for name, value in asked.items() if value})


def _shown(text: str) -> int:
    return min(max(int(text), _SHOWN), _MOST_SHOWN) if text.isascii() and text.isdecimal() and len(text) < 6 else _SHOWN
