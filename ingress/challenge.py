"""The verification challenge: a `GET` that proves to the provider that this address is meant to be its webhook.

Source: Meta, "Webhooks > Getting started > Verification requests". Omni is not known to send it.
"""

import hmac

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from shared.errors import Refused

_LONGEST = 1024


class Challenge:
    """Answers `hub.challenge` bare where `hub.verify_token` is right."""

    def __init__(self, verify_token: str | None) -> None:
        self._verify_token = verify_token

    async def answer(self, request: Request) -> Response:
        """The endpoint. Raises Refused: 400 for no challenge, 401 for a wrong token."""
        query = request.query_params
        challenge = query.get("hub.challenge", "")
        if query.get("hub.mode") != "subscribe" or not 0 < len(challenge) <= _LONGEST:
            raise Refused(400, "no_challenge", "hub.mode=subscribe and hub.challenge are expected")
        stated = query.get("hub.verify_token", "").encode("utf-8", "replace")
        if self._verify_token is None or not hmac.compare_digest(stated, self._verify_token.encode()):
            raise Refused(401, "unauthorized", "hub.verify_token is wrong, or SLUICE_VERIFY_TOKEN is not set")
        return PlainTextResponse(challenge, headers={"x-content-type-options": "nosniff"})
