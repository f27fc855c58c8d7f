"""The `customer` parameter of searches: typed as a phone number, but only an encrypted token in URLs."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from workers.console.context import ConsoleContext
from workers.parsing.coerce import as_phone


def customer_of(console: ConsoleContext, text: str) -> str | None:
    """Return the customer of a token or a typed number, or None without one."""
    if not text:
        return None
    return console.reveal(text) or as_phone(text)


def redirect_to_token(console: ConsoleContext, request: Request) -> Response | None:
    """Redirect to the same page with a token in place of a typed number; None if no number was typed."""
    typed = request.query_params.get("customer", "").strip()
    customer = as_phone(typed) if typed and console.reveal(typed) is None else None
    if customer is None:
        return None
    return RedirectResponse(_url(request, console.url_tokens.hide(customer)), 303)


def without_customer(request: Request) -> str:
    """Return the URL of the same page for all customers."""
    return _url(request, "")


def _url(request: Request, token: str) -> str:
    params = [(name, value) for name, value in request.query_params.multi_items() if name not in {"customer", "before"}]
    return f"{request.url.path}?{urlencode([*params, ('customer', token)] if token else params)}"
