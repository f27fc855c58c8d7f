"""Check every request before a page handles it: where it comes from and whether it is signed in."""

from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.client_ip import (
    UnknownClientAddress,
    client_address,
    forwarded_for,
    is_encrypted,
    peer_address,
)
from shared.networks import Network, is_loopback
from workers.console.auth.metrics_auth import METRICS_PATH, MetricsAuth
from workers.console.auth.sessions import COOKIE, SESSION_TTL, Session, Sessions

#: Open to everyone who can reach the console.
_PUBLIC_PREFIXES = ("/static/", "/health/live")
SIGN_IN_PATH = "/sign-in"
_SAFE_METHODS = {"GET", "HEAD"}


class AccessMiddleware:
    """Let only signed-in browsers reach the pages; without a password, every browser on this machine and no other.

    The session is in `scope["state"]["session"]` and the client's address in `scope["state"]["address"]`. A page that
    changes the session replaces it there, and it becomes the response's cookie. Programs that read the metrics get
    neither a session nor a sign-in form.
    """

    def __init__(
        self, app: ASGIApp, sessions: Sessions, *, password: str | None, proxies: tuple[Network, ...] = ()
    ) -> None:
        self._app = app
        self._sessions = sessions
        self._has_password = password is not None
        self._metrics_auth = MetricsAuth(password) if password is not None else None
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http" or scope["path"].startswith(_PUBLIC_PREFIXES):
            await self._app(scope, receive, send)
            return
        known = self._sessions.read(HTTPConnection(scope).cookies.get(COOKIE))
        rejection = self._rejection(scope)
        if scope["path"] == METRICS_PATH:
            rejection = rejection or self._metrics_rejection(scope, known)
            await (rejection or self._app)(scope, receive, send)
            return
        if rejection is not None:
            await rejection(scope, receive, send)
            return
        session = known or self._sessions.create(signed_in=False)
        if self._has_password and not session.signed_in and scope["path"] != SIGN_IN_PATH:
            await _redirect_to_sign_in(scope)(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["session"] = session
        state["address"] = client_address_of(scope, self._proxies)
        await self._app(scope, receive, self._with_cookie(scope, send, known))

    def _rejection(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self._has_password and not _is_local(scope, headers.get("host", "")):
            return PlainTextResponse(
                "Without SLUICE_CONSOLE_PASSWORD the console can only be used on this machine, "
                "at localhost or 127.0.0.1.\n",
                403,
            )
        if scope["method"] not in _SAFE_METHODS and _is_cross_site(headers):
            return PlainTextResponse("This request came from another site.\n", 403)
        return None

    def _metrics_rejection(self, scope: Scope, known: Session | None) -> Response | None:
        if self._metrics_auth is None or (known is not None and known.signed_in):
            return None
        return self._metrics_auth.rejection(Headers(scope=scope), client_address_of(scope, self._proxies))

    def _with_cookie(self, scope: Scope, send: Send, known: Session | None) -> Send:
        async def send_with_cookie(message: Message) -> None:
            session = scope["state"]["session"]
            if message["type"] == "http.response.start" and session != known:
                parts = [f"{COOKIE}={self._sessions.write(session)}", "Path=/", "HttpOnly", "SameSite=Strict"]
                parts.append(f"Max-Age={SESSION_TTL:.0f}")
                if is_encrypted(scope, self._proxies):
                    parts.append("Secure")
                MutableHeaders(scope=message).append("set-cookie", "; ".join(parts))
            await send(message)

        return send_with_cookie


def client_address_of(scope: Scope, proxies: tuple[Network, ...]) -> str:
    """Return the client's address, else that of the nearest proxy, else "" (a Unix socket)."""
    try:
        return str(client_address(peer_address(scope), forwarded_for(scope), proxies))
    except UnknownClientAddress as error:
        return error.nearest


def _is_local(scope: Scope, host: str) -> bool:
    """Return whether both ends are this machine, also by the host's name: others may resolve to 127.0.0.1 too."""
    ends = [end[0].removeprefix("::ffff:") for end in (scope.get("client"), scope.get("server")) if end and end[1]]
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return all(map(is_loopback, ends)) and is_loopback(name)


def _is_cross_site(headers: Headers) -> bool:
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def _redirect_to_sign_in(scope: Scope) -> Response:
    if scope["method"] not in _SAFE_METHODS or scope["path"].startswith("/live"):
        return PlainTextResponse("Sign in first.\n", 401)
    query = scope.get("query_string", b"").decode("latin-1")
    target = scope["path"] + (f"?{query}" if query else "")
    return RedirectResponse(f"{SIGN_IN_PATH}?next={quote(target, safe='')}", 303)
