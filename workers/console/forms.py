"""Forms as browsers send them: read within bounds, and only from pages of this console."""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from workers.console.context import context_of

_MAX_BYTES = 1024 * 1024
_MAX_FIELDS = 5000

FormHandler = Callable[[Request, FormData], Awaitable[Response]]


def form_page(handler: FormHandler) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of a form: the handler gets its fields once the token in them is right, else 403."""

    async def endpoint(request: Request) -> Response:
        fields = await _read(request)
        if not context_of(request).sessions.is_token(request.state.session, fields.get("csrf")):
            raise HTTPException(403, "This form is no longer valid. Go back, reload the page, and try again.")
        return await handler(request, fields)

    return endpoint


def texts(fields: FormData, name: str) -> list[str]:
    """All values of a field."""
    return [value for value in fields.getlist(name) if isinstance(value, str)]


def text(fields: FormData, name: str) -> str:
    """The value of a field; empty where it is not there."""
    value = fields.get(name)
    return value.strip() if isinstance(value, str) else ""


async def _read(request: Request) -> FormData:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BYTES:
            raise HTTPException(413, "This form is too large.")
    try:
        return FormData([*parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)])
    except ValueError:
        raise HTTPException(400, "This form cannot be read.") from None
