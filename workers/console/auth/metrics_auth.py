"""Authentication for programs that read the metrics: the console's password with each request, without a session."""

import base64
import binascii

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response

from shared.observability.logging import get_logger
from workers.console.auth.keys import password_matches
from workers.console.auth.login_throttle import LoginThrottle

_log = get_logger(__name__)
METRICS_PATH = "/metrics"


class MetricsAuth:
    """Accept the password by HTTP Basic with any user name (RFC 7617) or as a Bearer token (RFC 6750).

    Guessing is as slow as at the sign-in form but counted separately: a program with an outdated password must not keep
    people from signing in.
    """

    def __init__(self, password: str) -> None:
        self._password = password
        self._throttle = LoginThrottle()

    def rejection(self, headers: Headers, address: str) -> Response | None:
        """Return the response to an unauthorized request, or None if it is authorized."""
        wait = self._throttle.seconds_to_wait(address)
        if wait > 0:
            return PlainTextResponse("Too many wrong passwords.\n", 429, {"retry-after": str(round(wait + 0.5))})
        given = _password_of(headers.get("authorization", ""))
        if given is not None and password_matches(given, self._password):
            self._throttle.record_success(address)
            return None
        if given is not None:
            self._throttle.record_failure(address)
            _log.warning("wrong password for the console's metrics", address=address)
        challenge = {"www-authenticate": 'Basic realm="sluice", charset="UTF-8"'}
        return PlainTextResponse("The metrics require the console's password.\n", 401, challenge)


def _password_of(authorization: str) -> str | None:
    """Return the password of an Authorization header, or None without one."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(credentials.strip(), validate=True).decode("utf-8", "replace").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""
