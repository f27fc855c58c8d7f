"""Sessions: a signed cookie, nothing kept for those that are open. What ended before its time is remembered."""

import hmac
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from itsdangerous import BadData, URLSafeSerializer

COOKIE = "sluice_console"
#: Seconds that a session lasts, and that phone numbers stay shown.
SESSION_TTL = 12 * 3600.0
NUMBERS_SHOWN = 15 * 60.0


class Session(msgspec.Struct, frozen=True, array_like=True):
    """One browser. Times in seconds since 1970."""

    id: str
    until: float
    signed_in: bool = False
    numbers_until: float = 0.0  # until then phone numbers are shown

    def shows_numbers(self, now: float) -> bool:
        """Whether phone numbers are shown."""
        return now < self.numbers_until


class Sessions:
    """Makes and reads the cookies. The clock tells seconds since 1970."""

    def __init__(self, key: bytes, csrf_key: bytes, *, clock: Callable[[], float] = time.time) -> None:
        self._signer = URLSafeSerializer(key)
        self._csrf_key = csrf_key
        self._clock = clock
        self._ended: dict[str, float] = {}
        self._lock = threading.Lock()

    def begin(self, *, signed_in: bool) -> Session:
        """A new session. Signing in always makes one, so that no id known before is worth anything."""
        return Session(secrets.token_urlsafe(16), self._clock() + SESSION_TTL, signed_in)

    def write(self, session: Session) -> str:
        """Its cookie's value."""
        written = self._signer.dumps(msgspec.to_builtins(session))
        return written if isinstance(written, str) else written.decode()

    def read(self, cookie: str | None) -> Session | None:
        """The session of a cookie; None for what is forged, over or ended."""
        if not cookie:
            return None
        try:
            session = msgspec.convert(self._signer.loads(cookie), Session)
        except (BadData, msgspec.ValidationError):
            return None
        return session if self.lasts(session) else None

    def lasts(self, session: Session) -> bool:
        """Whether it is neither over nor ended."""
        return self._clock() < session.until and session.id not in self._ended

    def end(self, session: Session) -> None:
        """The session is over, whoever has its cookie."""
        self.ended_elsewhere([(session.id, session.until)])

    def ended_elsewhere(self, ended: Iterable[tuple[str, float]]) -> None:
        """Sessions (id, time after which they would have been over) that another console ended."""
        now = self._clock()
        with self._lock:
            known = self._ended | dict(ended)
            self._ended = {identity: until for identity, until in known.items() if until > now}

    def token(self, session: Session) -> str:
        """What each form of this session carries, against requests that other sites make."""
        return hmac.digest(self._csrf_key, session.id.encode(), "sha256").hex()

    def is_token(self, session: Session, token: Any) -> bool:
        """Whether a form came from a page of this session."""
        return isinstance(token, str) and hmac.compare_digest(
            self.token(session).encode(), token.encode("utf-8", "replace")
        )
