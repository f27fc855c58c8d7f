"""Replay, discard and restore dead letters: confirmed first with their number, then reported with the total."""

import redis
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from workers.console.context import ConsoleContext, context_of
from workers.console.forms import field_value, field_values, local_target
from workers.console.pages.dead_letters import FILTER_FIELDS, parse_filter
from workers.lanes.clock import local_time_ms
from workers.operations.dead_letters import search
from workers.operations.dead_letters.actions import ActionResult, DeadLetterActions
from workers.operations.dead_letters.detail import dead_letters_by_name
from workers.operations.dead_letters.filter import DeadLetterFilter
from workers.operations.format import datetime_from_ms, pluralize

#: Actions, with the words for what they did.
_ACTIONS = {"replay": "replayed", "discard": "discarded"}


async def confirm_page(request: Request, fields: FormData) -> Response:
    """Ask for confirmation, with the number of selected dead letters."""
    console, action = context_of(request), _action(fields)
    selected, values = _selected(fields), _filter_values(fields)
    if not selected and not _means_all(fields):
        message = {"text": "Nothing is selected. Select dead letters, or choose all that match."}
        return RedirectResponse(console.with_flash(_return_url(fields), message), 303)
    values = _with_fixed_times(console, values)
    count, is_complete = len(selected), True
    if not selected:
        count, is_complete = await console.run_redis(search.count, console.redis, _criteria(console, values))
    return console.render(
        request,
        "confirm_action.html",
        action=action,
        selected=selected,
        values=values,
        count=count,
        is_complete=is_complete,
        total=await console.run_redis(search.total, console.redis),
        return_url=_return_url(fields),
    )


async def act(request: Request, fields: FormData) -> Response:
    """Replay or discard the selected dead letters."""
    console, action = context_of(request), _action(fields)
    selected, values = _selected(fields), _filter_values(fields)
    if not selected and not _means_all(fields):
        raise HTTPException(400, "Nothing is selected.")
    criteria = _criteria(console, values)
    before = await console.run_redis(search.total, console.redis)
    result: ActionResult = await console.run_redis(_perform, console.redis, action, selected, criteria)
    subject = ", ".join(selected[:5]) if selected else _describe(values)
    await console.record_action(request, f"dead letters {_ACTIONS[action]}", subject, result.number)
    await console.run_redis(console.sampler.refresh)
    after = await console.run_redis(search.total, console.redis)
    text = f"{pluralize(result.number, 'dead letter')} {_ACTIONS[action]}. Total before: {before}, now: {after}."
    if not result.complete:
        text += " The time limit was reached; repeat the action for the rest."
    return RedirectResponse(console.with_flash(_return_url(fields), {"text": text, "undo": result.undo}), 303)


async def restore(request: Request, fields: FormData) -> Response:
    """Restore discarded dead letters."""
    console = context_of(request)
    count = await console.run_redis(DeadLetterActions(console.redis).restore, field_value(fields, "undo"))
    await console.record_action(request, "dead letters restored", "", count)
    await console.run_redis(console.sampler.refresh)
    text = f"{pluralize(count, 'dead letter')} restored." if count else "Too late: there is nothing left to restore."
    return RedirectResponse(console.with_flash(_return_url(fields), {"text": text}), 303)


def _perform(client: redis.Redis, action: str, selected: list[str], criteria: DeadLetterFilter) -> ActionResult:
    actions = DeadLetterActions(client)
    letters = dead_letters_by_name(client, selected) if selected else search.walk(client, criteria)
    return actions.replay(letters) if action == "replay" else actions.discard(letters)


def _with_fixed_times(console: ConsoleContext, values: dict[str, str]) -> dict[str, str]:
    """Return the filter with absolute times that end now: later dead letters weren't part of the confirmation."""
    criteria, now = _criteria(console, values), local_time_ms()
    until = min(criteria.until_ms or now, now)
    return values | {"within": "", "since": _iso_time(criteria.since_ms), "until": _iso_time(until)}


def _criteria(console: ConsoleContext, values: dict[str, str]) -> DeadLetterFilter:
    problems: list[str] = []
    criteria = parse_filter(console, values, problems)
    if problems:  # an invalid value must not mean "all"
        raise HTTPException(400, problems[0])
    return criteria


def _iso_time(ms: int) -> str:
    time = datetime_from_ms(ms) if ms else None
    return time.isoformat(timespec="milliseconds") if time else ""


def _action(fields: FormData) -> str:
    action = field_value(fields, "action")
    if action not in _ACTIONS:
        raise HTTPException(400, "Unknown action (use replay or discard).")
    return action


def _means_all(fields: FormData) -> bool:
    return field_value(fields, "scope") == "all"


def _selected(fields: FormData) -> list[str]:
    return [] if _means_all(fields) else field_values(fields, "letter")


def _filter_values(fields: FormData) -> dict[str, str]:
    return {name: field_value(fields, name) for name in FILTER_FIELDS}


def _describe(values: dict[str, str]) -> str:
    """Return the filter in words for the audit log, without the customer's number."""
    conditions = [f"{name} {value}" for name, value in values.items() if value and name != "customer"]
    return ", ".join(conditions) or ("one customer" if values["customer"] else "all")


def _return_url(fields: FormData) -> str:
    return local_target(field_value(fields, "next") or "/dead")
