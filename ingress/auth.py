"""Who may send webhooks: a token in the path or a header, a signature over the raw body, or both."""

import hashlib
import hmac
from collections.abc import Iterable, Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Scope

from shared.errors import RequestRejected
from shared.networks import is_loopback

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


class WebhookAuthenticator:
    """Checks a request's secrets, each in constant time. Where several kinds are set, all must be right."""

    def __init__(self, tokens: Sequence[str], hmac_secret: str | None) -> None:
        self._tokens = [token.encode() for token in tokens]
        self._key = hmac_secret.encode() if hmac_secret else None

    def check_token(self, path_token: str, headers: _Headers) -> None:
        """Raises RequestRejected(401) unless a token is right, in the path or in `X-Webhook-Token`, or none is set."""
        if not self._tokens or self._known(path_token.encode()):
            return
        if not self._known(header(headers, b"x-webhook-token")):
            raise RequestRejected(401, "unauthorized", "the webhook token is missing or wrong")

    def check_signature(self, headers: _Headers, body: bytes) -> None:
        """Raise RequestRejected(401) unless `X-Hub-Signature-256` is the raw body's HMAC-SHA256 or no key is set.

        Source: Meta, "Webhooks > Event Notifications > Validating payloads".
        """
        if self._key is None:
            return
        expected = b"sha256=" + hmac.digest(self._key, body, hashlib.sha256).hex().encode()
        if not hmac.compare_digest(expected, header(headers, b"x-hub-signature-256").lower()):
            raise RequestRejected(401, "unauthorized", "the signature X-Hub-Signature-256 is missing or wrong")

    def _known(self, token: bytes) -> bool:
        # All are compared, so that the time taken does not tell which one was nearly right.
        return sum([hmac.compare_digest(token, known) for known in self._tokens]) > 0


def header(headers: _Headers, name: bytes) -> bytes:
    """The value of a header given in lower case; empty where there is none."""
    return next((value for key, value in headers if key == name), b"")


_MAX_CHALLENGE_LENGTH = 1024


class VerificationHandshake:
    """Answers `hub.challenge` bare where `hub.verify_token` is right."""

    def __init__(self, verify_token: str | None) -> None:
        self._verify_token = verify_token

    async def answer(self, request: Request) -> Response:
        """The endpoint. Raises RequestRejected: 400 for no challenge, 401 for a wrong token."""
        query = request.query_params
        challenge = query.get("hub.challenge", "")
        if query.get("hub.mode") != "subscribe" or not 0 < len(challenge) <= _MAX_CHALLENGE_LENGTH:
            raise RequestRejected(400, "no_challenge", "hub.mode=subscribe and hub.challenge are expected")
        stated = query.get("hub.verify_token", "").encode("utf-8", "replace")
        if self._verify_token is None or not hmac.compare_digest(stated, self._verify_token.encode()):
            raise RequestRejected(401, "unauthorized", "hub.verify_token is wrong, or SLUICE_VERIFY_TOKEN is not set")
        return PlainTextResponse(challenge, headers={"x-content-type-options": "nosniff"})


def require_loopback(scope: Scope) -> None:
    """Raise RequestRejected(403) for a request to an address that others can reach. Unix sockets are fine.

    For an ingress without a secret. The settings know SLUICE_HOST only; `uvicorn ingress.app:app --host 0.0.0.0`
    binds something else.
    """
    server = scope.get("server")
    if not server or not (_is_socket_file(server) or is_loopback(server[0].removeprefix("::ffff:"))):
        raise RequestRejected(
            403,
            "forbidden",
            "this address can be reached by others, and nothing proves who sends: "
            "set SLUICE_WEBHOOK_TOKEN or SLUICE_HMAC_SECRET (or bind to 127.0.0.1)",
        )


def _is_socket_file(server: tuple[str, int | None]) -> bool:
    return server[1] is None
