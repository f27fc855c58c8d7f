"""What is done to dead letters: asked first, with their number; told afterwards, with the number before and after."""

from collections.abc import Iterator
from itertools import groupby

import redis
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from workers.console.context import ConsoleContext, context_of
from workers.console.forms import text, texts
from workers.console.pages.dead import FIELDS, wanted
from workers.console.pages.sign_in import local
from workers.lanes.clock import local_time_ms
from workers.lanes.reader import LaneReader
from workers.lanes.records import DeadLetter
from workers.operations import audit_log
from workers.operations.audit_log import Actor
from workers.operations.dead_letters import search
from workers.operations.dead_letters.actions import ActionResult, DeadLetterActions
from workers.operations.dead_letters.filter import DeadLetterFilter
from workers.operations.format import datetime_from_ms, pluralize

_ACTIONS = {"replay": "replayed", "discard": "discarded"}


async def confirm(request: Request, fields: FormData) -> Response:
    """How many it would be. Nothing is done yet."""
    here, action = context_of(request), _action(fields)
    chosen, asked = _chosen(fields), _asked(fields)
    if not chosen and text(fields, "scope") != "all":
        said = "Nothing was chosen. Tick the letters you mean, or take all that match."
        return RedirectResponse(here.with_flash(_back(fields), {"text": said}), 303)
    asked = _frozen(here, asked)
    number, complete = (
        (len(chosen), True) if chosen else await here.run_redis(search.count, here.redis, _meant(here, asked))
    )
    return here.render(
        request,
        "confirm.html",
        action=action,
        chosen=chosen,
        asked=asked,
        count=number,
        complete=complete,
        total=await here.run_redis(search.total, here.redis),
        back=_back(fields),
    )


async def act(request: Request, fields: FormData) -> Response:
    """It is done."""
    here, action = context_of(request), _action(fields)
    chosen, asked = _chosen(fields), _asked(fields)
    if not chosen and text(fields, "scope") != "all":
        raise HTTPException(400, "Nothing was chosen.")
    meant = _meant(here, asked)
    before = await here.run_redis(search.total, here.redis)
    done: ActionResult = await here.run_redis(_act, here.redis, action, chosen, meant)
    about = ", ".join(chosen[:5]) if chosen else _described(asked)
    await here.run_redis(
        audit_log.record, here.redis, Actor.of(request), f"dead letters {_ACTIONS[action]}", about, done.number
    )
    await here.run_redis(here.sampler.refresh)
    after = await here.run_redis(search.total, here.redis)
    said = f"{pluralize(done.number, 'dead letter')} {_ACTIONS[action]}. There were {before}, now there are {after}."
    if not done.complete:
        said += " Time was up before all were done: do it again for the rest."
    return RedirectResponse(here.with_flash(_back(fields), {"text": said, "undo": done.undo}), 303)


async def restore(request: Request, fields: FormData) -> Response:
    """What was discarded is back."""
    here = context_of(request)
    count = await here.run_redis(DeadLetterActions(here.redis).restore, text(fields, "undo"))
    await here.run_redis(audit_log.record, here.redis, Actor.of(request), "dead letters restored", "", count)
    await here.run_redis(here.sampler.refresh)
    said = f"{pluralize(count, 'dead letter')} restored." if count else "It is too late: nothing is left to restore."
    return RedirectResponse(here.with_flash(_back(fields), {"text": said}), 303)


def _act(client: redis.Redis, action: str, chosen: list[str], meant: DeadLetterFilter) -> ActionResult:
    burial = DeadLetterActions(client)
    found = _named(client, chosen) if chosen else search.walk(client, meant)
    return burial.replay(found) if action == "replay" else burial.discard(found)


def _named(client: redis.Redis, chosen: list[str]) -> Iterator[DeadLetter]:
    """The letters of these names (LANE/ID) that are still there."""
    split = sorted((lane, identity) for lane, _, identity in (name.rpartition("/") for name in chosen))
    reader = LaneReader(client)
    for lane, group in groupby(split, key=lambda pair: pair[0]):
        for _, identity in group:
            letter = reader.dead_letter(lane, identity)
            if letter is not None:
                yield letter


def _frozen(here: ConsoleContext, asked: dict[str, str]) -> dict[str, str]:
    """The same by times that stand: whatever dies from now on was not seen by whoever says yes."""
    meant, now = _meant(here, asked), local_time_ms()
    until = min(meant.until_ms or now, now)
    return asked | {"within": "", "since": _instant(meant.since_ms), "until": _instant(until)}


def _meant(here: ConsoleContext, asked: dict[str, str]) -> DeadLetterFilter:
    problems: list[str] = []
    meant = wanted(here, asked, problems)
    if problems:  # what cannot be read must not mean all
        raise HTTPException(400, problems[0])
    return meant


def _instant(ms: int) -> str:
    at = datetime_from_ms(ms) if ms else None
    return at.isoformat(timespec="milliseconds") if at else ""


def _action(fields: FormData) -> str:
    action = text(fields, "action")
    if action not in _ACTIONS:
        raise HTTPException(400, "Replay or discard?")
    return action


def _chosen(fields: FormData) -> list[str]:
    return [] if text(fields, "scope") == "all" else texts(fields, "letter")


def _asked(fields: FormData) -> dict[str, str]:
    return {name: text(fields, name) for name in FIELDS}


def _described(asked: dict[str, str]) -> str:
    # Not the customer: a phone number would stand in the log.
    told = {name: value for name, value in asked.items() if value and name != "customer"}
    return ", ".join(f"{name} {value}" for name, value in told.items()) or (
        "one customer" if asked["customer"] else "all"
    )


def _back(fields: FormData) -> str:
    return local(text(fields, "next") or "/dead")
