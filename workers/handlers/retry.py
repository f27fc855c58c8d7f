"""What becomes of an event whose handler raised: a pure decision."""

import traceback
from collections.abc import Callable

from shared.errors import Reject, Retry
from workers.lanes import DeadLettered, Rescheduled
from workers.lanes.outcomes import REJECTED

_MAX_ERROR_LENGTH = 500  # characters
_MAX_TRACEBACK_LENGTH = 4000  # characters, of its end


def outcome_of_error(
    error: BaseException, attempt: int, policy: Retry, jitter: Callable[[float], float]
) -> Rescheduled | DeadLettered:
    """Return the outcome of run number `attempt` (from 1), which raised `error`.

    `jitter(x)` draws a number from 0 to x, evenly distributed ("full jitter"): events that failed together are not
    retried together. A handler that asks for a delay has not failed; any other retry counts as its failure.
    """
    text = describe(error)
    if isinstance(error, Reject):
        return DeadLettered(REJECTED, text)
    if attempt >= policy.attempts:
        return DeadLettered("exhausted", text, traceback_text(error), failed=True)
    if isinstance(error, Retry) and error.delay is not None:
        return Rescheduled(error.delay, text)
    return Rescheduled(jitter(min(policy.cap, policy.base * 2.0 ** min(attempt - 1, 60))), text, failed=True)


def describe(error: BaseException) -> str:
    """Return the error as one line: its message, after the name of its class unless it is a Reject or a Retry."""
    message = " ".join(_message(error).split())
    if not isinstance(error, Reject | Retry):
        message = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return message[:_MAX_ERROR_LENGTH]


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as raised:  # noqa: BLE001 - the __str__ of a user's class may raise anything
        return f"(its __str__ raised {type(raised).__name__})"


def traceback_text(error: BaseException) -> str:
    """Return the end of the error's traceback."""
    return "".join(traceback.format_exception(error))[-_MAX_TRACEBACK_LENGTH:]
