"""What all pages of a console process share: Redis, the event store, sessions, templates and the monitoring state."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import anyio.to_thread
import redis
from anyio import CapacityLimiter
from itsdangerous import BadData, URLSafeTimedSerializer
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from shared.errors import SluiceError
from shared.redis.connection import connect
from shared.settings import Settings
from workers.console.auth.keys import derive_keys
from workers.console.auth.login_throttle import LoginThrottle
from workers.console.auth.sessions import Session, Sessions
from workers.console.auth.url_tokens import InvalidUrlToken, UrlTokenCipher
from workers.console.rendering import template_environment
from workers.operations import audit_log
from workers.operations.audit_log import Actor
from workers.operations.monitoring.sampler import Sampler
from workers.store import Store
from workers.store.engine import query_time_limit

_T = TypeVar("_T")

#: A page waits at most this long for a Redis command and for a query, then shows an error instead.
_REDIS_TIMEOUT_SECONDS = 3.0
QUERY_TIMEOUT_SECONDS = 5.0
#: Separate threads, so that a hanging database doesn't hold up pages that only need Redis.
_MAX_REDIS_THREADS, _MAX_STORE_THREADS = 16, 8
#: Sorted set of the sessions that ended before they expired, shared by all consoles; the score is the time of expiry.
ENDED_SESSIONS_KEY = "sluice:console:ended"
_FLASH_TTL_SECONDS = 600


class NoDatabase(SluiceError):
    """The event store is switched off."""


class ConsoleContext:
    """The resources of one console process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.password = settings.console_password.get_secret_value() if settings.console_password else None
        keys = derive_keys(self.password)
        self.sessions = Sessions(keys.session, keys.csrf)
        self.url_tokens = UrlTokenCipher(keys.url_tokens)
        self.throttle = LoginThrottle()
        self.redis = _connect(settings.redis)
        self.store = Store(settings.database, timeout=QUERY_TIMEOUT_SECONDS) if settings.database else None
        check_database = self.store.check if self.store else None
        self.sampler = Sampler(self.redis, check_database, on_snapshot=self._sync_ended_sessions)
        self.stopping = False  # set at shutdown: event streams end
        self.open_streams = 0
        self._flash = URLSafeTimedSerializer(keys.flash)
        self._templates = template_environment()
        self._redis_threads = CapacityLimiter(_MAX_REDIS_THREADS)
        self._store_threads = CapacityLimiter(_MAX_STORE_THREADS)
        self._tables_exist = False

    def close(self) -> None:
        """Stop the sampler and close all connections."""
        self.sampler.stop()
        self.redis.close()
        if self.store:
            self.store.close()

    async def run_redis(self, function: Callable[..., _T], *args: Any, **kwargs: Any) -> _T:
        """Call a function that uses Redis in a thread and return its result. Raises RedisError."""
        return await anyio.to_thread.run_sync(partial(function, *args, **kwargs), limiter=self._redis_threads)

    async def run_query(self, function: Callable[..., _T], *args: Any, **kwargs: Any) -> _T:
        """Call `function(connection, …)` in a thread and return its result. Raises StoreUnavailable, NoDatabase."""
        query = partial(self.run_query_sync, function, *args, **kwargs)
        return await anyio.to_thread.run_sync(query, limiter=self._store_threads)

    def run_query_sync(self, function: Callable[..., _T], *args: Any, **kwargs: Any) -> _T:
        """Do the same in the calling thread."""
        if self.store is None:
            raise NoDatabase
        if not self._tables_exist:  # so that a store without any events yet is shown as empty
            self.store.create()
            self._tables_exist = True
        with self.store.reading() as connection, query_time_limit(connection, QUERY_TIMEOUT_SECONDS):
            return function(connection, *args, **kwargs)

    def render(self, request: Request, template: str, status: int = 200, **context: Any) -> Response:
        """Return a page as the response."""
        return HTMLResponse(self.render_text(request, template, **context), status)

    def render_text(self, request: Request, template: str, **context: Any) -> str:
        """Return the HTML of a page or of a part of one."""
        session: Session = request.state.session
        snapshot = self.sampler.state.snapshot
        common = {
            "csrf": self.sessions.csrf_token(session),
            "session": session,
            "show_numbers": self.shows_numbers(request),
            "path": request.url.path,
            "current_url": _current_url(request),
            "url_token": self.url_tokens.hide,
            "has_password": self.password is not None,
            "flash": self.read_flash(request.query_params.get("said")),
            "dead_count": sum(lane.dead for lane in snapshot.lanes) if snapshot else 0,
        }
        return self._templates.get_template(template).render(common | context)

    async def record_action(
        self, request: Request, action: str, subject: str = "", affected: int | None = None
    ) -> None:
        """Write an action to the audit log."""
        actor = Actor(request.state.address or "this machine", request.state.session.id[:6])
        await self.run_redis(audit_log.record, self.redis, actor, action, subject, affected)

    def shows_numbers(self, request: Request) -> bool:
        """Return whether this session currently shows phone numbers."""
        session: Session = request.state.session
        return session.shows_numbers(time.time())

    def reveal(self, token: str) -> str | None:
        """Return the text of a URL token, or None if it is invalid or was made under another password."""
        try:
            return self.url_tokens.reveal(token)
        except InvalidUrlToken:
            return None

    def with_flash(self, target: str, message: dict[str, Any]) -> str:
        """Return the URL of a page that shows the message once. It is signed, so that links can't fake messages."""
        path, _, query = target.partition("?")
        params = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != "said"]
        return f"{path}?{urlencode([*params, ('said', self._flash.dumps(message))])}"

    def read_flash(self, text: str | None) -> dict[str, Any] | None:
        """Return the message of such a URL parameter, or None if it is invalid or has expired."""
        try:
            message: dict[str, Any] | None = self._flash.loads(text, max_age=_FLASH_TTL_SECONDS) if text else None
        except BadData:
            return None
        return message

    def end_session(self, session: Session) -> None:
        """End a session: immediately in this console, within seconds in others. Blocks on Redis."""
        self.sessions.end(session)
        try:
            pipe = self.redis.pipeline(transaction=False)
            pipe.zadd(ENDED_SESSIONS_KEY, {session.id: session.expires_at})
            pipe.zremrangebyscore(ENDED_SESSIONS_KEY, "-inf", time.time())
            pipe.execute()
        except (RedisError, OSError):
            return  # it has ended in this console at least

    def _sync_ended_sessions(self) -> None:
        ended: Any = self.redis.zrange(ENDED_SESSIONS_KEY, 0, -1, withscores=True)
        self.sessions.mark_ended((identity.decode(), expires_at) for identity, expires_at in ended)


def context_of(request: Request) -> ConsoleContext:
    """Return the context of the console that serves the request."""
    console: ConsoleContext = request.app.state.console
    return console


def _current_url(request: Request) -> str:
    """Return the path and query of the request, without the flash message."""
    params = [(name, value) for name, value in request.query_params.multi_items() if name != "said"]
    return request.url.path + (f"?{urlencode(params)}" if params else "")


def _connect(url: str) -> redis.Redis:
    client = connect(url, retries=0)
    # A person is waiting: an early error page is better than a late one.
    timeouts = {"socket_timeout": _REDIS_TIMEOUT_SECONDS, "socket_connect_timeout": 1.0}
    client.connection_pool.connection_kwargs |= timeouts
    return client
