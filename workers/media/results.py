"""The results of a lookup: the metadata, a permanent failure, or a transient one."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from workers.events import MediaMetadata


class Fetched(NamedTuple):
    """The API gave the metadata."""

    metadata: MediaMetadata
    was_asked: bool = True


class Permanent(NamedTuple):
    """The lookup failed, and another would fail too."""

    reason: str
    was_asked: bool = True  # false: refused before the API was asked


class Transient(NamedTuple):
    """The lookup failed, and a later one may succeed."""

    reason: str
    after: float | None = None  # seconds that the API asked to wait (Retry-After), if it did
    was_asked: bool = True  # false: the call ended before the lookup's turn


LookupResult = Fetched | Permanent | Transient
_STATUS = re.compile(r"[1-5]\d\d(?!\d)")


def http_status(result: LookupResult) -> str:
    """Return the HTTP status of a result; `none` without a response. Reasons of responses begin with their status."""
    if isinstance(result, Fetched):
        return "200"
    match = _STATUS.match(result.reason)
    return match[0] if match else "none"


class LookupCounts(NamedTuple):
    """How lookups ended, as the circuit breaker counts them."""

    successes: int
    failures: int
    unused: int  # allowed, but not made


def count_results(results: Iterable[LookupResult]) -> LookupCounts:
    """Count results for the circuit breaker: each lookup that was made and gave no metadata is a failure."""
    successes = failures = unused = 0
    for result in results:
        successes += isinstance(result, Fetched)
        unused += not result.was_asked
        failures += result.was_asked and not isinstance(result, Fetched)
    return LookupCounts(successes, failures, unused)
