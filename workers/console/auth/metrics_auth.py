"""Programs that read the metrics send the console's password with each request, and get no session."""

import base64
import binascii

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response

from shared.observability.logging import get_logger
from workers.console.auth.keys import password_matches
from workers.console.auth.login_throttle import LoginThrottle

_log = get_logger(__name__)
#: The page that they may read.
METRICS = "/metrics"


class MetricsAuth:
    """Lets in who knows the password, by HTTP Basic with any user name (RFC 7617) or as a Bearer token (RFC 6750).

    Guessing is as slow as at the sign-in form, and yet apart from it: a program that goes on with an old password must
    not keep people out.
    """

    def __init__(self, password: str) -> None:
        self._password = password
        self._throttle = LoginThrottle()

    def refusal(self, headers: Headers, address: str) -> Response | None:
        """What is answered instead of the metrics; None: they may be read."""
        wait = self._throttle.wait(address)
        if wait > 0:
            return PlainTextResponse("Too many wrong passwords.\n", 429, {"retry-after": str(round(wait + 0.5))})
        given = _given(headers.get("authorization", ""))
        if given is not None and password_matches(given, self._password):
            self._throttle.succeeded(address)
            return None
        if given is not None:
            self._throttle.failed(address)
            _log.warning("a wrong password for the console's metrics", address=address)
        asked = {"www-authenticate": 'Basic realm="sluice", charset="UTF-8"'}
        return PlainTextResponse("The metrics need the console's password.\n", 401, asked)


def _given(authorization: str) -> str | None:
    """The password that a request bears, if any."""
    scheme, _, words = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return words.strip()
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(words.strip(), validate=True).decode("utf-8", "replace").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""
