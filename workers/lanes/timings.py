"""What a worker measured of a take, told with its settling so that it counts if that does."""

import time
from collections.abc import Callable

from shared.observability.histogram import HistogramCounter
from shared.observability.metrics import CALL_SECONDS, LAG_SECONDS

#: Names of the histograms in the hash sluice:lane:L:times (shared/observability/histogram.py).
LAG, CALL = "lag", "call"


class TakeTimings:
    """Of one take, for one thread. Times in seconds; those of day since 1970."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._received: list[float] = []
        self._calls = HistogramCounter(CALL, CALL_SECONDS)

    def record_completed(self, received: float) -> None:
        """An entry was done; its webhook was received then."""
        self._received.append(received)

    def record_call(self, seconds: float) -> None:
        """A handler was called, and it took so long."""
        self._calls.record(seconds)

    def increments(self) -> dict[str, int]:
        """What is to be added to the lane's hash, now that the take ends."""
        lag, now = HistogramCounter(LAG, LAG_SECONDS), self._clock()
        for received in self._received:
            lag.record(max(now - received, 0.0))  # the clocks of two machines never quite agree
        return lag.fields() | self._calls.fields()
