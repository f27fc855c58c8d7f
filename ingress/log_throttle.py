"""Rate-limited logging of what strangers can cause as often as they like."""

import time
from collections.abc import Callable


class LogThrottle:
    """Allows one log line per interval, which reports how often the event occurred since the last line."""

    def __init__(self, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._next = 0.0
        self._count = 0

    def record(self) -> int:
        """Record one occurrence. Return the count since the last log line if one is due, else 0."""
        self._count += 1
        now = self._clock()
        if now < self._next:
            return 0
        self._next = now + self._seconds
        count, self._count = self._count, 0
        return count
