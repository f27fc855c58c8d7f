"""What is decided of a request before any page sees it: from where it may come, and whether it is signed in."""

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
from workers.console.auth.metrics_auth import METRICS, MetricsAuth
from workers.console.auth.sessions import COOKIE, SESSION_TTL, Session, Sessions

#: Open to everybody who can reach the console.
_OPEN = ("/static/", "/health/live")
SIGN_IN = "/sign-in"
_SAFE = {"GET", "HEAD"}


class AccessMiddleware:
    """Stands before the pages. Without a password only this machine is let in, and every browser on it.

    Leaves the session in `scope["state"]["session"]`, and the sender's address in `…["address"]`. A page that changes
    the session puts the new one there, and it becomes the answer's cookie. The metrics are read by programs, which get
    neither a session nor a form to sign in.
    """

    def __init__(
        self, app: ASGIApp, sessions: Sessions, *, password: str | None, proxies: tuple[Network, ...] = ()
    ) -> None:
        self._app = app
        self._sessions = sessions
        self._has_password = password is not None
        self._scrapers = MetricsAuth(password) if password is not None else None
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] != "http" or scope["path"].startswith(_OPEN):
            await self._app(scope, receive, send)
            return
        came = self._sessions.read(HTTPConnection(scope).cookies.get(COOKIE))
        refusal = self._refusal(scope)
        if scope["path"] == METRICS:
            refusal = refusal or self._scrape_refusal(scope, came)
            await (refusal or self._app)(scope, receive, send)
            return
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        session = came or self._sessions.begin(signed_in=False)
        if self._has_password and not session.signed_in and scope["path"] != SIGN_IN:
            await _to_sign_in(scope)(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["session"] = session
        state["address"] = client_address_of(scope, self._proxies)
        await self._app(scope, receive, self._with_cookie(scope, send, came))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self._has_password and not _is_local(scope, headers.get("host", "")):
            return PlainTextResponse(
                "Without SLUICE_CONSOLE_PASSWORD the console answers to this machine alone, "
                "by the name localhost or 127.0.0.1.\n",
                403,
            )
        if scope["method"] not in _SAFE and _is_from_elsewhere(headers):
            return PlainTextResponse("This request was made by another site.\n", 403)
        return None

    def _scrape_refusal(self, scope: Scope, came: Session | None) -> Response | None:
        if self._scrapers is None or (came is not None and came.signed_in):
            return None
        return self._scrapers.refusal(Headers(scope=scope), client_address_of(scope, self._proxies))

    def _with_cookie(self, scope: Scope, send: Send, came: Session | None) -> Send:
        async def sending(message: Message) -> None:
            session = scope["state"]["session"]
            if message["type"] == "http.response.start" and session != came:
                parts = [f"{COOKIE}={self._sessions.write(session)}", "Path=/", "HttpOnly", "SameSite=Strict"]
                parts.append(f"Max-Age={SESSION_TTL:.0f}")
                if is_encrypted(scope, self._proxies):
                    parts.append("Secure")
                MutableHeaders(scope=message).append("set-cookie", "; ".join(parts))
            await send(message)

        return sending


def client_address_of(scope: Scope, proxies: tuple[Network, ...]) -> str:
    """Return the client's address, else that of the nearest proxy, else "" (a Unix socket)."""
    try:
        return str(client_address(peer_address(scope), forwarded_for(scope), proxies))
    except UnknownClientAddress as error:
        return error.nearest


def _is_local(scope: Scope, host: str) -> bool:
    """Both ends are this machine, and the browser was told so: another site's name may lead to 127.0.0.1 as well."""
    ends = [end[0].removeprefix("::ffff:") for end in (scope.get("client"), scope.get("server")) if end and end[1]]
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return all(map(is_loopback, ends)) and is_loopback(name)


def _is_from_elsewhere(headers: Headers) -> bool:
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def _to_sign_in(scope: Scope) -> Response:
    if scope["method"] not in _SAFE or scope["path"].startswith("/live"):
        return PlainTextResponse("Sign in first.\n", 401)
    query = scope.get("query_string", b"").decode("latin-1")
    asked = scope["path"] + (f"?{query}" if query else "")
    return RedirectResponse(f"{SIGN_IN}?next={quote(asked, safe='')}", 303)
