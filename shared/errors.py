"""Every error Sluice raises on purpose.

SluiceError
├── InvalidSettings         the environment is not usable; names every invalid setting
├── InvalidJSON             a body that is not valid JSON; carries the parser's reason
├── Unavailable             what a handler needs is down: its lane waits, no attempt is spent
├── RequestRejected         an HTTP request that gets an error response
│   └── ServiceOverloaded   …because it cannot be made durable now (503, Retry-After)
└── HandlerSignal           raised by a handler to say what becomes of its event
    ├── Retry               try again later
    └── Reject              never try again: a dead letter
"""

from typing import Self


class SluiceError(Exception):
    """Root of all errors raised on purpose."""


class InvalidSettings(SluiceError):
    """The environment is not usable. `problems` has one sentence a wrong setting."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class InvalidJSON(SluiceError):
    """A body is no JSON; the message is the parser's reason."""


class Unavailable(SluiceError):
    """What a handler needs (a database, an API) is down for every event alike.

    The lane is held for a moment and its events stay in it, with their attempts: an outage costs time, nothing else.
    """


class RequestRejected(SluiceError):
    """A request that gets an error answer: HTTP `status`, a `code` for programs, a message for people."""

    def __init__(self, status: int, code: str, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after  # seconds


class ServiceOverloaded(RequestRejected):
    """The webhook cannot be made durable now; the sender shall come again after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: int = 5) -> None:
        super().__init__(503, "unavailable", message, retry_after)


class HandlerSignal(SluiceError):
    """What a handler raises to say what becomes of its event."""


class Retry(HandlerSignal):
    """Raised: try again later. As an object it is also a handler's retry policy: `@handler(…, retry=Retry(…))`.

    The delay before attempt n+1 is drawn evenly from 0 to min(cap, base · 2^(n-1)) seconds ("full jitter",
    AWS Architecture Blog, "Exponential Backoff And Jitter", 2015).
    """

    def __init__(self, attempts: int = 8, base: float = 5.0, cap: float = 3600.0) -> None:
        if attempts < 1 or base < 0 or cap < base:
            raise ValueError("a Retry needs attempts >= 1 and 0 <= base <= cap")
        super().__init__(f"try again, at most {attempts} times")
        self.attempts = attempts
        self.base = base  # seconds
        self.cap = cap  # seconds
        self.delay: float | None = None  # seconds; set by Retry.after

    @classmethod
    def after(cls, seconds: float, why: str = "") -> Self:
        """`raise Retry.after(30)`: try again in that many seconds. The attempt counts."""
        error = cls()
        error.delay = max(0.0, float(seconds))
        error.args = (why or f"the handler asked to be tried again in {seconds:g} s",)
        return error


class Reject(HandlerSignal):
    """`raise Reject("why")`: never try again. The event becomes a dead letter with that reason."""
