"""Sessions in signed cookies. The server stores only those that ended before they expired."""

import hmac
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from itsdangerous import BadData, URLSafeSerializer

COOKIE = "sluice_console"
#: Seconds until a session expires, and until phone numbers are masked again.
SESSION_TTL = 12 * 3600.0
NUMBERS_SHOWN_SECONDS = 15 * 60.0


class Session(msgspec.Struct, frozen=True, array_like=True):
    """The session of one browser. Times in seconds since 1970."""

    id: str
    expires_at: float
    signed_in: bool = False
    numbers_shown_until: float = 0.0

    def shows_numbers(self, now: float) -> bool:
        """Return whether phone numbers are shown at that time."""
        return now < self.numbers_shown_until


class Sessions:
    """Create sessions, and write and read their cookies. `clock` returns seconds since 1970."""

    def __init__(self, key: bytes, csrf_key: bytes, *, clock: Callable[[], float] = time.time) -> None:
        self._signer = URLSafeSerializer(key)
        self._csrf_key = csrf_key
        self._clock = clock
        self._ended: dict[str, float] = {}
        self._lock = threading.Lock()

    def create(self, *, signed_in: bool) -> Session:
        """Return a new session. Every sign-in creates one, so that an id known before it is worthless."""
        return Session(secrets.token_urlsafe(16), self._clock() + SESSION_TTL, signed_in)

    def write(self, session: Session) -> str:
        """Return the session's cookie value."""
        value = self._signer.dumps(msgspec.to_builtins(session))
        return value if isinstance(value, str) else value.decode()

    def read(self, cookie: str | None) -> Session | None:
        """Return the session of a cookie, or None if it is forged, has expired or has ended."""
        if not cookie:
            return None
        try:
            session = msgspec.convert(self._signer.loads(cookie), Session)
        except (BadData, msgspec.ValidationError):
            return None
        return session if self.is_active(session) else None

    def is_active(self, session: Session) -> bool:
        """Return whether the session has neither expired nor ended."""
        return self._clock() < session.expires_at and session.id not in self._ended

    def end(self, session: Session) -> None:
        """End the session; its cookie is no longer accepted."""
        self.mark_ended([(session.id, session.expires_at)])

    def mark_ended(self, ended: Iterable[tuple[str, float]]) -> None:
        """Record sessions (id, time of expiry) that ended before they expired."""
        now = self._clock()
        with self._lock:
            merged = self._ended | dict(ended)
            self._ended = {identity: expires_at for identity, expires_at in merged.items() if expires_at > now}

    def csrf_token(self, session: Session) -> str:
        """Return the token that forms of this session carry, as a defence against cross-site requests."""
        return hmac.digest(self._csrf_key, session.id.encode(), "sha256").hex()

    def is_csrf_token(self, session: Session, token: Any) -> bool:
        """Return whether the token belongs to this session."""
        return isinstance(token, str) and hmac.compare_digest(
            self.csrf_token(session).encode(), token.encode("utf-8", "replace")
        )
