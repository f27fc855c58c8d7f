"""Read forms: within size limits, only from pages of this console, with the fields that several pages share."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from workers.console.context import context_of

_MAX_BYTES = 1024 * 1024
_MAX_FIELDS = 5000
_DAY = timedelta(days=1)

FormHandler = Callable[[Request, FormData], Awaitable[Response]]


def form_endpoint(handler: FormHandler) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that reads the form, answers 403 unless its CSRF token is valid, and calls the handler."""

    async def endpoint(request: Request) -> Response:
        fields = await _read(request)
        if not context_of(request).sessions.is_csrf_token(request.state.session, fields.get("csrf")):
            raise HTTPException(403, "This form is no longer valid. Go back, reload the page and try again.")
        return await handler(request, fields)

    return endpoint


def field_values(fields: FormData, name: str) -> list[str]:
    """Return all values of a field."""
    return [value for value in fields.getlist(name) if isinstance(value, str)]


def field_value(fields: FormData, name: str) -> str:
    """Return the value of a field without surrounding spaces, or an empty text if it is missing."""
    value = fields.get(name)
    return value.strip() if isinstance(value, str) else ""


def local_target(target: str) -> str:
    """Return the target if it is a page of this console, else the overview. Prevents open redirects."""
    is_path = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if is_path and target.isascii() and target.isprintable() and "\\" not in target else "/"


def parse_time(text: str, problems: list[str], *, is_end: bool = False) -> datetime | None:
    """Return the time (UTC) of a date or time field; for a day with `is_end`, the end of that day.

    If the text is invalid, add a message to `problems` and return None.
    """
    if not text:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        problems.append(f"Invalid time {text} (use 2026-01-31 or 2026-01-31T18:00).")
        return None
    parsed = parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return parsed + _DAY if is_end and len(text) == len("2026-01-31") else parsed


async def _read(request: Request) -> FormData:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BYTES:
            raise HTTPException(413, "This form is too large.")
    try:
        return FormData([*parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)])
    except ValueError:
        raise HTTPException(400, "This form can't be read.") from None
