"""What becomes of an event whose handler raised: a pure decision."""

import traceback
from collections.abc import Callable

from shared.errors import Reject, Retry
from workers.lanes import DeadLettered, Rescheduled
from workers.lanes.outcomes import REJECTED

_ERROR_LENGTH = 500  # characters of an error that are kept
_TRACE_LENGTH = 4000  # …and of the end of its traceback


def outcome_of_error(
    error: BaseException, attempt: int, policy: Retry, draw: Callable[[float], float]
) -> Rescheduled | DeadLettered:
    """The verdict after run number `attempt` (from 1) raised `error`.

    `draw(x)` answers a number from 0 to x, evenly distributed: full jitter, so that what failed together does not
    come back together. To ask for a time is the handler's own decision; all else that is tried again is a failure.
    """
    text = describe(error)
    if isinstance(error, Reject):
        return DeadLettered(REJECTED, text)
    if attempt >= policy.attempts:
        return DeadLettered("exhausted", text, traceback_text(error), failed=True)
    if isinstance(error, Retry) and error.delay is not None:
        return Rescheduled(error.delay, text)
    return Rescheduled(draw(min(policy.cap, policy.base * 2.0 ** min(attempt - 1, 60))), text, failed=True)


def describe(error: BaseException) -> str:
    """The error in a line: its own words for those raised on purpose, with its class for all others."""
    words = " ".join(_words(error).split())
    if not isinstance(error, Reject | Retry):
        words = f"{type(error).__name__}: {words}" if words else type(error).__name__
    return words[:_ERROR_LENGTH]


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as broken:  # noqa: BLE001 - a user's error class may fail at anything
        return f"(its __str__ raised {type(broken).__name__})"


def traceback_text(error: BaseException) -> str:
    """The end of the error's traceback."""
    return "".join(traceback.format_exception(error))[-_TRACE_LENGTH:]
