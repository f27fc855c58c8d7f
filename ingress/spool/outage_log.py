"""Log outages, not webhooks: one line when an outage begins, one when it is over."""

import time
from collections.abc import Callable

from shared.observability.logging import get_logger

_log = get_logger(__name__)

#: An outage is over when everything is drained and nothing more was spooled for this many seconds.
RECOVERY_SECONDS = 5.0


class SpoolOutageLog:
    """Remembers what has been logged about the current outage."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: float | None = None
        self._last = 0.0
        self._logged_reasons: set[str] = set()

    def spooled(self, reason: str) -> None:
        """Record that a group went to the spool, because a push to Redis failed for that reason."""
        self._last = self._clock()
        if self._since is None:
            self._since = self._last
            _log.warning("webhooks go to the spool until Redis accepts them again", reason=reason)

    def refused(self, reason: str) -> None:
        """Record that the spool refused a group too. Each reason is logged once per outage."""
        self._last = self._clock()
        if reason not in self._logged_reasons:
            self._logged_reasons.add(reason)
            _log.error("the spool refuses webhooks; their senders get a 503", reason=reason)

    def left_over(self) -> None:
        """Record that segments of another process, or of an earlier run, were found."""
        if self._since is None:
            self._since = self._last = self._clock()
            _log.info("pushing webhooks to Redis that another process left in the spool")

    def empty(self, records: int) -> None:
        """Record that the spool is empty and all circuit breakers are closed.

        `records` is the number of records drained since the process started.
        """
        if self._clock() - self._last < RECOVERY_SECONDS:
            return
        self._logged_reasons.clear()
        if self._since is not None:
            _log.info(
                "the spool is empty again", seconds=round(self._clock() - self._since), drained_since_start=records
            )
            self._since = None
