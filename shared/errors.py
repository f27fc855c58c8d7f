"""Every error that Sluice raises on purpose. The tree shows those of shared/; other modules derive theirs from it too.

SluiceError
├── InvalidSettings         the environment is unusable; names every invalid setting
├── InvalidJSON             a body is not valid JSON; carries the parser's reason
├── Unavailable             what a handler needs is down: its lane waits, no attempt is spent
├── RequestRejected         an HTTP request gets an error response
│   └── ServiceOverloaded   …because it cannot be made durable now (503, Retry-After)
└── HandlerSignal           raised by a handler to decide what happens to its event
    ├── Retry               try again later
    └── Reject              do not try again: the event becomes a dead letter
"""

from typing import Self


class SluiceError(Exception):
    """The root of all errors that are raised on purpose."""


class InvalidSettings(SluiceError):
    """The environment is unusable. `problems` has one sentence per invalid setting."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class InvalidJSON(SluiceError):
    """A body is not valid JSON. The message is the parser's reason."""


class Unavailable(SluiceError):
    """Raise it in a handler when something that it needs (a database, an API) is down for every event.

    The handler's lane is suspended for a moment. Its events stay in it and no attempt is spent: an outage costs time,
    nothing else. If only this event is affected, raise `Retry` instead.

    Example:
        try:
            crm.save(event)
        except ConnectionError as error:
            raise Unavailable("the CRM is down") from error
    """


class RequestRejected(SluiceError):
    """An HTTP request gets an error response.

    Args:
        status: the HTTP status.
        code: a stable identifier for programs.
        message: the reason, for people.
        retry_after: seconds after which the request may be repeated, if it makes sense to repeat it.
    """

    def __init__(self, status: int, code: str, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after


class ServiceOverloaded(RequestRejected):
    """The webhook cannot be made durable now. The sender should repeat it after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: int = 5) -> None:
        super().__init__(503, "unavailable", message, retry_after)


class HandlerSignal(SluiceError):
    """A handler raises one of these to decide what happens to its event."""


class Retry(HandlerSignal):
    """Raise it in a handler to try the event again later. An instance is also a handler's retry policy.

    The delay before attempt n+1 is chosen at random between 0 and min(cap, base · 2^(n-1)) seconds ("full jitter",
    AWS Architecture Blog, "Exponential Backoff And Jitter", 2015). After the last attempt the event becomes a dead
    letter.

    Args:
        attempts: the maximum number of attempts, including the first; at least 1.
        base: the maximum delay in seconds before the second attempt.
        cap: the maximum delay in seconds before any attempt.

    Raises:
        ValueError: `attempts` is less than 1, or not 0 <= base <= cap.

    Example:
        @handler("text", retry=Retry(attempts=5, base=10, cap=600))
        def answer(event: TextMessage) -> None:
            if not ready():
                raise Retry
    """

    def __init__(self, attempts: int = 8, base: float = 5.0, cap: float = 3600.0) -> None:
        if attempts < 1 or base < 0 or cap < base:
            raise ValueError("Retry needs attempts >= 1 and 0 <= base <= cap")
        super().__init__(f"try again, up to {attempts} times")
        self.attempts = attempts
        self.base = base
        self.cap = cap
        self.delay: float | None = None  # seconds; set by Retry.after

    @classmethod
    def after(cls, seconds: float, why: str = "") -> Self:
        """Return an error that tries the event again after a fixed delay. The attempt counts.

        Args:
            seconds: the delay; negative counts as 0.
            why: the reason, shown as the event's last error.

        Returns:
            The error to raise.

        Example:
            raise Retry.after(30, "the API asked for a pause")
        """
        error = cls()
        error.delay = max(0.0, float(seconds))
        error.args = (why or f"the handler asked for a retry after {seconds:g} s",)
        return error


class Reject(HandlerSignal):
    """Raise it in a handler if the event must not be tried again. It becomes a dead letter with this reason.

    Example:
        raise Reject("unknown order number")
    """
