"""What a lookup can end in: the metadata, never, or later."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from workers.events import MediaMetadata


class Fetched(NamedTuple):
    """The metadata, as the API told it."""

    metadata: MediaMetadata
    asked: bool = True


class Permanent(NamedTuple):
    """Final: asking again would not help."""

    reason: str
    asked: bool = True  # False: refused here, so the API knows nothing of it


class Transient(NamedTuple):
    """Not now. `after` is how long the API asked to be left alone, in seconds, where it said so."""

    reason: str
    after: float | None = None
    asked: bool = True  # False: the call's time was over before its turn came


LookupResult = Fetched | Permanent | Transient
_STATUS = re.compile(r"[1-5]\d\d(?!\d)")


def status(answer: LookupResult) -> str:
    """The HTTP status of an answer, with which reasons begin that came by HTTP (reply.py); `none` without one."""
    if isinstance(answer, Fetched):
        return "200"
    found = _STATUS.match(answer.reason)
    return found[0] if found else "none"


class LookupCounts(NamedTuple):
    """How lookups ended, as the breaker counts them."""

    successes: int
    failures: int
    unused: int  # allowed, but never asked


def count_answers(answers: Iterable[LookupResult]) -> LookupCounts:
    """Counts answers for the breaker: whatever was asked and not found is a failure, be it the id's fault or not."""
    found = failed = unused = 0
    for answer in answers:
        found += isinstance(answer, Fetched)
        unused += not answer.asked
        failed += answer.asked and not isinstance(answer, Fetched)
    return LookupCounts(found, failed, unused)
