"""Sign in, sign out, and show or mask phone numbers."""

import time

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from shared.observability.logging import get_logger
from workers.console.auth.keys import password_matches
from workers.console.auth.sessions import NUMBERS_SHOWN_SECONDS
from workers.console.context import context_of
from workers.console.forms import field_value, local_target
from workers.operations.format import format_duration

_log = get_logger(__name__)


async def sign_in_page(request: Request) -> Response:
    """Show the sign-in form."""
    if context_of(request).password is None or request.state.session.signed_in:
        return RedirectResponse("/", 303)
    return _form(request, request.query_params.get("next", "/"))


async def sign_in(request: Request, fields: FormData) -> Response:
    """Check the password and start a signed-in session."""
    console, address = context_of(request), request.state.address
    target = local_target(field_value(fields, "next"))
    wait = console.throttle.seconds_to_wait(address)
    if wait > 0:
        problem = f"Too many wrong passwords. Try again in {format_duration(max(wait, 1.0))}."
        return _form(request, target, 429, problem)
    given = fields.get("password")
    if not isinstance(given, str) or not password_matches(given, console.password or ""):
        console.throttle.record_failure(address)
        _log.warning("wrong password for the console", address=address)
        return _form(request, target, 403, "Wrong password.")
    console.throttle.record_success(address)
    request.state.session = console.sessions.create(signed_in=True)
    await console.record_action(request, "signed in")
    return RedirectResponse(target, 303)


async def sign_out(request: Request, _fields: FormData) -> Response:
    """End the session in all consoles."""
    console = context_of(request)
    await console.record_action(request, "signed out")
    await console.run_redis(console.end_session, request.state.session)
    request.state.session = console.sessions.create(signed_in=False)
    return RedirectResponse("/sign-in", 303)


async def set_number_masking(request: Request, fields: FormData) -> Response:
    """Show phone numbers for some minutes, or mask them again."""
    console, show = context_of(request), field_value(fields, "show") == "1"
    until = time.time() + NUMBERS_SHOWN_SECONDS if show else 0.0
    request.state.session = msgspec.structs.replace(request.state.session, numbers_shown_until=until)
    target = local_target(field_value(fields, "next"))
    await console.record_action(request, "numbers shown" if show else "numbers masked", target)
    return RedirectResponse(target, 303)


def _form(request: Request, target: str, status: int = 200, problem: str = "") -> Response:
    return context_of(request).render(request, "sign_in.html", status, next=local_target(target), problem=problem)
