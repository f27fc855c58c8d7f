"""What a worker measured during one take, settled with its entries so that it counts only if they do."""

import time
from collections.abc import Callable

from shared.observability.histogram import HistogramCounter
from shared.observability.metrics import CALL_SECONDS, LAG_SECONDS

#: Names of the histograms in the lane's hash of timings (shared/observability/histogram.py).
LAG, CALL = "lag", "call"


class TakeTimings:
    """The timings of one take, for use by one thread. Durations in seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._received: list[float] = []
        self._calls = HistogramCounter(CALL, CALL_SECONDS)

    def record_completed(self, received: float) -> None:
        """Record that an entry was completed whose webhook was received at that time (seconds since 1970)."""
        self._received.append(received)

    def record_call(self, seconds: float) -> None:
        """Record the duration of one call of the handler."""
        self._calls.record(seconds)

    def increments(self) -> dict[str, int]:
        """Return what to add to the lane's histograms when the take ends now."""
        lag, now = HistogramCounter(LAG, LAG_SECONDS), self._clock()
        for received in self._received:
            lag.record(max(now - received, 0.0))  # the clocks of two machines never quite agree
        return lag.fields() | self._calls.fields()
