"""Telling the log about something that strangers can make happen as often as they like."""

import time
from collections.abc import Callable


class LogThrottle:
    """At most one line in so many seconds, which says how often it happened."""

    def __init__(self, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._next = 0.0
        self._times = 0

    def record(self) -> int:
        """It happened: how often since the last line, if it is time for one; else 0."""
        self._times += 1
        now = self._clock()
        if now < self._next:
            return 0
        self._next = now + self._seconds
        times, self._times = self._times, 0
        return times
