"""Telling the log about outages, not about webhooks: a line when one begins, a line when it is over."""

import time
from collections.abc import Callable

from shared.observability.logging import get_logger

_log = get_logger(__name__)

#: An outage is over when all is drained and nothing more was spooled for so many seconds.
RECOVERY_SECONDS = 5.0


class SpoolOutageLog:
    """What the log has heard of the outage that is going on, if one is."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: float | None = None
        self._last = 0.0
        self._refusals: set[str] = set()

    def spooled(self, reason: str) -> None:
        """A group went to the spool, because a push to Redis failed for that reason."""
        self._last = self._clock()
        if self._since is None:
            self._since = self._last
            _log.warning("webhooks go to the spool until Redis takes them again", reason=reason)

    def refused(self, reason: str) -> None:
        """The spool did not take a group either. A line a reason and outage."""
        self._last = self._clock()
        if reason not in self._refusals:
            self._refusals.add(reason)
            _log.error("the spool does not take webhooks; they are answered 503", reason=reason)

    def left_over(self) -> None:
        """Segments of another process, or of an earlier run, were found."""
        if self._since is None:
            self._since = self._last = self._clock()
            _log.info("webhooks that another process left in the spool are pushed to Redis")

    def empty(self, records: int) -> None:
        """Nothing waits in the spool, nor is any breaker open; `records` were drained since the start."""
        if self._clock() - self._last < RECOVERY_SECONDS:
            return
        self._refusals.clear()
        if self._since is not None:
            _log.info(
                "the spool is empty again", seconds=round(self._clock() - self._since), drained_since_start=records
            )
            self._since = None
