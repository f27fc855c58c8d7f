"""What was answered and how fast, in a bounded amount of memory. Pure."""

import math
from collections import Counter
from typing import NamedTuple

#: Latencies are counted in classes, each two per cent wider than the one before: so exact is what a percentile says.
_STEP = math.log(1.02)
_SMALLEST = 1e-5  # seconds


class ResponseSummary(NamedTuple):
    """Latencies in milliseconds, from the time at which a webhook was due."""

    seconds: float
    sent: int
    answers: dict[str, int]  # by code; `none`: no answer came
    unexpected: int  # answers other than the right one
    rate: float  # webhooks answered a second
    p50: float
    p90: float
    p99: float
    max: float


class ResponseTally:
    """Counts answers."""

    def __init__(self) -> None:
        self.sent = 0
        self._answers: Counter[str] = Counter()
        self._unexpected = 0
        self._classes: Counter[int] = Counter()
        self._slowest = 0.0

    def record(self, status: int | None, expected: int, seconds: float) -> None:
        """One was answered so, after so long; None: not at all."""
        self._answers["none" if status is None else str(status)] += 1
        self._unexpected += status != expected
        if status is not None:
            self._classes[math.ceil(math.log(max(seconds, _SMALLEST) / _SMALLEST) / _STEP)] += 1
            self._slowest = max(self._slowest, seconds)

    def summary(self, seconds: float) -> ResponseSummary:
        """All so far; `seconds`: since the start."""
        answered = self._classes.total()
        return ResponseSummary(
            seconds=round(seconds, 3),
            sent=self.sent,
            answers=dict(sorted(self._answers.items())),
            unexpected=self._unexpected,
            rate=round(answered / seconds, 1) if seconds > 0 else 0.0,
            p50=self._percentile(0.5),
            p90=self._percentile(0.9),
            p99=self._percentile(0.99),
            max=round(self._slowest * 1000, 3),
        )

    def _percentile(self, share: float) -> float:
        left = share * self._classes.total()
        for number in sorted(self._classes):
            left -= self._classes[number]
            if left <= 0:
                return round(min(_SMALLEST * math.exp(number * _STEP), self._slowest) * 1000, 3)
        return 0.0
