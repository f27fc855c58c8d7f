"""Who may send webhooks: a token in the path or a header, a signature over the raw body, or both."""

import hashlib
import hmac
from collections.abc import Iterable, Sequence

from shared.errors import Refused

_Headers = Iterable[tuple[bytes, bytes]]
_ROUTES = ("messages", "statuses")


def parse_path(path: str) -> tuple[str, str] | None:
    """(route, token) of `/webhooks[/messages|/statuses][/{token}]`, each maybe empty; None for any other path."""
    parts = path.split("/")
    if parts[0] or len(parts) < 2 or parts[1] != "webhooks":
        return None
    rest = parts[2:]
    if rest and not rest[-1]:
        rest.pop()  # a trailing slash
    route = rest.pop(0) if rest and rest[0] in _ROUTES else ""
    if len(rest) > 1:
        return None
    return route, rest[0] if rest else ""


class Guard:
    """Checks a request's secrets, each in constant time. Where several kinds are set, all must be right."""

    def __init__(self, tokens: Sequence[str], hmac_secret: str | None) -> None:
        self._tokens = [token.encode() for token in tokens]
        self._key = hmac_secret.encode() if hmac_secret else None

    def check_token(self, path_token: str, headers: _Headers) -> None:
        """Raises Refused(401) unless a token is right, in the path or in `X-Webhook-Token`, or none is set."""
        if not self._tokens or self._known(path_token.encode()):
            return
        if not self._known(header(headers, b"x-webhook-token")):
            raise Refused(401, "unauthorized", "the webhook token is missing or wrong")

    def check_signature(self, headers: _Headers, body: bytes) -> None:
        """Raises Refused(401) unless `X-Hub-Signature-256` is the HMAC-SHA256 of the raw body, or no key is set.

        Source: Meta, "Webhooks > Event Notifications > Validating payloads".
        """
        if self._key is None:
            return
        expected = b"sha256=" + hmac.digest(self._key, body, hashlib.sha256).hex().encode()
        if not hmac.compare_digest(expected, header(headers, b"x-hub-signature-256").lower()):
            raise Refused(401, "unauthorized", "the signature X-Hub-Signature-256 is missing or wrong")

    def _known(self, token: bytes) -> bool:
        # All are compared, so that the time taken does not tell which one was nearly right.
        return sum([hmac.compare_digest(token, known) for known in self._tokens]) > 0


def header(headers: _Headers, name: bytes) -> bytes:
    """The value of a header given in lower case; empty where there is none."""
    return next((value for key, value in headers if key == name), b"")
