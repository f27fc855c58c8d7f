"""What the pages stand on: Redis, the event store, sessions, templates, and the running figures."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import anyio.to_thread
import redis
from anyio import CapacityLimiter
from itsdangerous import BadData, URLSafeTimedSerializer
from redis.exceptions import RedisError
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from shared.errors import SluiceError
from shared.redis.connection import connect
from shared.settings import Settings
from workers.console import rendering
from workers.console.auth.keys import derive_keys
from workers.console.auth.login_throttle import LoginThrottle
from workers.console.auth.sessions import Session, Sessions
from workers.console.auth.url_tokens import InvalidUrlToken, UrlTokenCipher
from workers.operations.monitoring.sampler import Sampler
from workers.store import Store

_T = TypeVar("_T")

#: Seconds that a command to Redis and a query may take before the page says so instead.
_REDIS_SECONDS = 3.0
QUERY_SECONDS = 5.0
#: Threads for each, so that a database that hangs leaves those that ask Redis alone.
_REDIS_THREADS, _STORE_THREADS = 16, 8
#: Steps of SQLite between two looks at the clock, and sessions that ended early.
_STEPS = 20_000
ENDED = "sluice:console:ended"
_FLASH_SECONDS = 600


class NoDatabase(SluiceError):
    """The event store is switched off."""


class ConsoleContext:
    """One console process'. Made in it, and closed with it."""

    def __init__(self, settings: Settings) -> None:
        password = settings.console_password
        self.settings = settings
        self.password = password.get_secret_value() if password else None
        made = derive_keys(self.password)
        self.sessions = Sessions(made.session, made.csrf)
        self.veil = UrlTokenCipher(made.veil)
        self.throttle = LoginThrottle()
        self.redis = _client(settings.redis)
        self.store = Store(settings.database, timeout=QUERY_SECONDS) if settings.database else None
        self.sampler = Sampler(self.redis, self._check_store if self.store else None, on_snapshot=self._learn_of_ends)
        self._flash = URLSafeTimedSerializer(made.flash)
        self._templates = rendering.environment()
        self._limits = CapacityLimiter(_REDIS_THREADS), CapacityLimiter(_STORE_THREADS)
        self._store_is_made = False
        self.stopping = False  # the process is: streams end
        self.streams = 0  # that are open

    def close(self) -> None:
        """Nothing is used any more."""
        self.sampler.stop()
        self.redis.close()
        if self.store:
            self.store.close()

    async def run_redis(self, function: Callable[..., _T], *arguments: Any, **named: Any) -> _T:
        """What a function that uses Redis answers, from a thread. Raises RedisError."""
        return await anyio.to_thread.run_sync(partial(function, *arguments, **named), limiter=self._limits[0])

    async def run_query(self, function: Callable[..., _T], *arguments: Any, **named: Any) -> _T:
        """What `function(connection, …)` answers, from a thread. Raises StoreUnavailable, NoDatabase."""
        return await anyio.to_thread.run_sync(
            partial(self.run_query_sync, function, *arguments, **named), limiter=self._limits[1]
        )

    def run_query_sync(self, function: Callable[..., _T], *arguments: Any, **named: Any) -> _T:
        """The same in the thread that calls."""
        if self.store is None:
            raise NoDatabase
        if not self._store_is_made:  # so that a store which nothing was written to yet is an empty one
            self.store.create()
            self._store_is_made = True
        with self.store.reading() as connection, bounded(connection, QUERY_SECONDS):
            return function(connection, *arguments, **named)

    def render(self, request: Request, template: str, status: int = 200, **context: Any) -> Response:
        """A page."""
        return HTMLResponse(self.text(request, template, **context), status)

    def text(self, request: Request, template: str, **context: Any) -> str:
        """A page's text, or a part's."""
        session: Session = request.state.session
        given = {
            "csrf": self.sessions.token(session),
            "session": session,
            "shown": self.shows_numbers(request),
            "path": request.url.path,
            "here": _address(request),
            "veil": self.veil.hide,
            "has_password": self.password is not None,
            "flash": self.read_flash(request.query_params.get("said")),
            "dead_count": sum(lane.dead for lane in self.sampler.state.snapshot.lanes)
            if self.sampler.state.snapshot
            else 0,
        }
        return self._templates.get_template(template).render(given | context)

    def shows_numbers(self, request: Request) -> bool:
        """Whether this browser asked for phone numbers."""
        session: Session = request.state.session
        return session.shows_numbers(time.time())

    def reveal(self, token: str) -> str | None:
        """The text of a token in an address; None for what is none, or of a console with other keys."""
        try:
            return self.veil.reveal(token)
        except InvalidUrlToken:
            return None

    def with_flash(self, target: str, said: dict[str, Any]) -> str:
        """The address of a page that shall say something once. Signed: nobody else can make it say things."""
        path, _, query = target.partition("?")
        kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != "said"]
        written = self._flash.dumps(said)
        return f"{path}?{urlencode([*kept, ('said', written)])}"

    def read_flash(self, text: str | None) -> dict[str, Any] | None:
        """What the page before wanted to be said."""
        try:
            said: dict[str, Any] | None = self._flash.loads(text, max_age=_FLASH_SECONDS) if text else None
        except BadData:
            return None
        return said

    def end_session(self, session: Session) -> None:
        """Here at once, and in other consoles within seconds. In a thread."""
        self.sessions.end(session)
        try:
            pipe = self.redis.pipeline(transaction=False)
            pipe.zadd(ENDED, {session.id: session.until})
            pipe.zremrangebyscore(ENDED, "-inf", time.time())
            pipe.execute()
        except (RedisError, OSError):
            return  # this console knows it

    def _learn_of_ends(self) -> None:
        found: Any = self.redis.zrange(ENDED, 0, -1, withscores=True)
        self.sessions.ended_elsewhere((identity.decode(), until) for identity, until in found)

    def _check_store(self) -> None:
        assert self.store is not None
        self.store.check()


def context_of(request: Request) -> ConsoleContext:
    """The desk of the console that answers a request."""
    found: ConsoleContext = request.app.state.desk
    return found


def _address(request: Request) -> str:
    """Path and query, without what was to be said once."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "said"]
    return request.url.path + (f"?{urlencode(kept)}" if kept else "")


@contextmanager
def bounded(connection: Connection, seconds: float) -> Iterator[None]:
    """Within it queries of a connection to SQLite end: it has no time limit of its own, as PostgreSQL has."""
    if connection.dialect.name != "sqlite":
        yield
        return
    end = time.monotonic() + seconds
    driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)  # whoever has the connection next has another deadline


def _client(url: str) -> redis.Redis:
    client = connect(url, retries=0)
    # A person waits: better a page that says what is wrong than one that comes late.
    client.connection_pool.connection_kwargs |= {"socket_timeout": _REDIS_SECONDS, "socket_connect_timeout": 1.0}
    return client
