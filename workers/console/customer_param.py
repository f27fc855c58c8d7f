"""The customer whom a search is about: typed as a number, in addresses a token, which no history gives away."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from workers.console.context import ConsoleContext
from workers.parsing.coerce import as_phone


def customer_of(here: ConsoleContext, text: str) -> str | None:
    """The customer that was typed, or that a link of ours names by its token; None for nothing."""
    if not text:
        return None
    return here.reveal(text) or as_phone(text)


def redirect_to_token(here: ConsoleContext, request: Request) -> Response | None:
    """Leads to the same page with the token in place of the number that was typed; None where none was."""
    typed = request.query_params.get("customer", "").strip()
    customer = as_phone(typed) if typed and here.reveal(typed) is None else None
    if customer is None:
        return None
    return RedirectResponse(f"{request.url.path}?{urlencode(_with(request, here.veil.hide(customer)))}", 303)


def without(request: Request) -> str:
    """The same page for all customers."""
    return f"{request.url.path}?{urlencode(_with(request, ''))}"


def _with(request: Request, token: str) -> list[tuple[str, str]]:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in {"customer", "before"}]
    return [*kept, ("customer", token)] if token else kept
