"""Signing in and out, and asking for phone numbers."""

import time

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from shared.observability.logging import get_logger
from workers.console.auth.keys import password_matches
from workers.console.auth.sessions import NUMBERS_SHOWN
from workers.console.context import context_of
from workers.console.forms import text
from workers.operations import audit_log
from workers.operations.audit_log import Actor
from workers.operations.format import format_duration

_log = get_logger(__name__)


async def page(request: Request) -> Response:
    """The form for the password."""
    if context_of(request).password is None or request.state.session.signed_in:
        return RedirectResponse("/", 303)
    return _form(request, request.query_params.get("next", "/"))


async def sign_in(request: Request, fields: FormData) -> Response:
    """The password was given."""
    here, address = context_of(request), request.state.address
    target = local(text(fields, "next"))
    wait = here.throttle.wait(address)
    if wait > 0:
        return _form(request, target, 429, f"Too many wrong passwords. Try again in {format_duration(max(wait, 1.0))}.")
    given = fields.get("password")
    if not isinstance(given, str) or not password_matches(given, here.password or ""):
        here.throttle.failed(address)
        _log.warning("a wrong password for the console", address=address)
        return _form(request, target, 403, "This is not the password.")
    here.throttle.succeeded(address)
    request.state.session = here.sessions.begin(signed_in=True)
    await here.run_redis(audit_log.record, here.redis, Actor.of(request), "signed in")
    return RedirectResponse(target, 303)


async def sign_out(request: Request, _fields: FormData) -> Response:
    """The session ends, in all consoles."""
    here = context_of(request)
    await here.run_redis(audit_log.record, here.redis, Actor.of(request), "signed out")
    await here.run_redis(here.end_session, request.state.session)
    request.state.session = here.sessions.begin(signed_in=False)
    return RedirectResponse("/sign-in", 303)


async def numbers(request: Request, fields: FormData) -> Response:
    """Phone numbers are shown for some minutes, or masked again."""
    here, session = context_of(request), request.state.session
    show = text(fields, "show") == "1"
    request.state.session = type(session)(
        session.id, session.until, session.signed_in, time.time() + NUMBERS_SHOWN if show else 0.0
    )
    target = local(text(fields, "next"))
    await here.run_redis(
        audit_log.record, here.redis, Actor.of(request), "numbers shown" if show else "numbers masked", target
    )
    return RedirectResponse(target, 303)


def local(target: str) -> str:
    """The address, if it is one of this console's pages; else the overview. No open redirect."""
    starts_well = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if starts_well and target.isascii() and target.isprintable() and "\\" not in target else "/"


def _form(request: Request, target: str, status: int = 200, problem: str = "") -> Response:
    return context_of(request).render(request, "sign-in.html", status, next=local(target), problem=problem)
