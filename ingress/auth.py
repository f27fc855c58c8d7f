"""Authentication of webhooks: a token in the path or in a header, a signature over the raw body, or both."""

import hashlib
import hmac
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Scope

from ingress.request import RequestHeaders, header
from shared.errors import RequestRejected
from shared.networks import is_loopback

_MAX_CHALLENGE_LENGTH = 1024


class WebhookAuthenticator:
    """Checks a webhook's token and signature, each in constant time. If both are configured, both must be valid."""

    def __init__(self, tokens: Sequence[str], hmac_secret: str | None) -> None:
        self._tokens = [token.encode() for token in tokens]
        self._key = hmac_secret.encode() if hmac_secret else None

    def check_token(self, path_token: str, headers: RequestHeaders) -> None:
        """Raise RequestRejected (401) unless the path or `X-Webhook-Token` has a valid token, or none is configured."""
        if not self._tokens or self._is_valid(path_token.encode()):
            return
        if not self._is_valid(header(headers, b"x-webhook-token")):
            raise RequestRejected(401, "unauthorized", "the webhook token is missing or invalid")

    def check_signature(self, headers: RequestHeaders, body: bytes) -> None:
        """Raise RequestRejected (401) unless `X-Hub-Signature-256` is the raw body's HMAC-SHA256 or no key is set.

        Source: Meta, "Webhooks > Event Notifications > Validating payloads".
        """
        if self._key is None:
            return
        expected = b"sha256=" + hmac.digest(self._key, body, hashlib.sha256).hex().encode()
        if not hmac.compare_digest(expected, header(headers, b"x-hub-signature-256").lower()):
            raise RequestRejected(401, "unauthorized", "the signature X-Hub-Signature-256 is missing or invalid")

    def _is_valid(self, token: bytes) -> bool:
        # Compared with all of them, so that the time does not reveal which one nearly matched.
        return sum([hmac.compare_digest(token, valid) for valid in self._tokens]) > 0


class VerificationHandshake:
    """Answers Meta's verification request: returns `hub.challenge` if `hub.verify_token` is valid."""

    def __init__(self, verify_token: str | None) -> None:
        self._verify_token = verify_token

    async def answer(self, request: Request) -> Response:
        """Return the challenge as plain text.

        Raises RequestRejected: 400 if there is no challenge, 401 if the token is invalid.
        """
        query = request.query_params
        challenge = query.get("hub.challenge", "")
        if query.get("hub.mode") != "subscribe" or not 0 < len(challenge) <= _MAX_CHALLENGE_LENGTH:
            raise RequestRejected(400, "no_challenge", "hub.mode=subscribe and hub.challenge are required")
        token = query.get("hub.verify_token", "").encode("utf-8", "replace")
        if self._verify_token is None or not hmac.compare_digest(token, self._verify_token.encode()):
            raise RequestRejected(401, "unauthorized", "hub.verify_token is invalid, or SLUICE_VERIFY_TOKEN is not set")
        return PlainTextResponse(challenge, headers={"x-content-type-options": "nosniff"})


def require_loopback(scope: Scope) -> None:
    """Raise RequestRejected (403) if other machines can reach the address that the request was sent to.

    This check protects an ingress without a secret. The settings know only SLUICE_HOST, but
    `uvicorn ingress.app:app --host 0.0.0.0` binds to another address. Unix sockets are allowed.
    """
    server = scope.get("server")
    if not server or not (_is_socket_file(server) or is_loopback(server[0].removeprefix("::ffff:"))):
        raise RequestRejected(
            403,
            "forbidden",
            "other machines can reach this address, and senders are not authenticated: "
            "set SLUICE_WEBHOOK_TOKEN or SLUICE_HMAC_SECRET (or bind to 127.0.0.1)",
        )


def _is_socket_file(server: tuple[str, int | None]) -> bool:
    return server[1] is None
