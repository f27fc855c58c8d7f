"""What the ingress reads from a request: the webhook's path and single headers."""

from collections.abc import Iterable

from shared.wire.receipt import ROUTES

RequestHeaders = Iterable[tuple[bytes, bytes]]  # names in lower case, as in an ASGI scope
WebhookPath = tuple[str, str]  # route (one of ROUTES) and token, each may be empty
_NAMED_ROUTES = frozenset(ROUTES) - {""}


def parse_webhook_path(path: str) -> WebhookPath | None:
    """Return route and token of `/webhooks[/messages|/statuses][/{token}][/]`, or None for any other path."""
    parts = path.split("/")
    if parts[0] or len(parts) < 2 or parts[1] != "webhooks":
        return None
    rest = parts[2:]
    if rest and not rest[-1]:
        rest.pop()  # a trailing slash
    route = rest.pop(0) if rest and rest[0] in _NAMED_ROUTES else ""
    if len(rest) > 1:
        return None
    return route, rest[0] if rest else ""


def header(headers: RequestHeaders, name: bytes) -> bytes:
    """Return the first value of a header, whose name is given in lower case; empty if there is none."""
    return next((value for key, value in headers if key == name), b"")
