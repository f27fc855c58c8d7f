"""Telling the log, once, that Redis does not take webhooks, and once that it is over."""

import time
from collections.abc import Callable

from shared.observability.logging import logger

_log = logger(__name__)

#: What fails now and then, or in one lane only, is one trouble: it is over when nothing failed for so many seconds.
CALM = 5.0


class Trouble:
    """Why Redis does not take webhooks just now: a line a reason, however many webhooks it concerns."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: set[str] = set()
        self._last = 0.0

    def refused(self, reason: str) -> None:
        """A push failed for that reason."""
        self._last = self._clock()
        if reason not in self._told:
            self._told.add(reason)
            _log.error("Redis does not take webhooks", reason=reason)

    def taken(self) -> None:
        """A push succeeded."""
        if self._told and self._clock() - self._last >= CALM:
            self._told.clear()
            _log.info("Redis takes webhooks again")
