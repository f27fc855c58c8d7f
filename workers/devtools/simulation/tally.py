"""Counts of responses and their latency, in bounded memory. Pure."""

import math
from collections import Counter
from typing import NamedTuple

#: Each bucket of latencies is two percent wider than the one before, which is the precision of the percentiles.
_STEP = math.log(1.02)
_MIN_LATENCY = 1e-5  # seconds


class ResponseSummary(NamedTuple):
    """The responses to a run. Latencies are in milliseconds from the time at which a webhook was due."""

    seconds: float
    sent: int
    answers: dict[str, int]  # by status code, or `none` without a response
    unexpected: int  # responses with another code than the expected one
    rate: float  # webhooks answered per second
    p50: float
    p90: float
    p99: float
    max: float


class ResponseTally:
    """Counts responses."""

    def __init__(self) -> None:
        self.sent = 0
        self._answers: Counter[str] = Counter()
        self._unexpected = 0
        self._buckets: Counter[int] = Counter()
        self._max = 0.0

    def record(self, status: int | None, expected: int, seconds: float) -> None:
        """Record one response and its latency in seconds. `status`: None without a response."""
        self._answers["none" if status is None else str(status)] += 1
        self._unexpected += status != expected
        if status is not None:
            self._buckets[math.ceil(math.log(max(seconds, _MIN_LATENCY) / _MIN_LATENCY) / _STEP)] += 1
            self._max = max(self._max, seconds)

    def summary(self, seconds: float) -> ResponseSummary:
        """Return the summary so far. `seconds`: since the start of the run."""
        answered = self._buckets.total()
        return ResponseSummary(
            seconds=round(seconds, 3),
            sent=self.sent,
            answers=dict(sorted(self._answers.items())),
            unexpected=self._unexpected,
            rate=round(answered / seconds, 1) if seconds > 0 else 0.0,
            p50=self._percentile(0.5),
            p90=self._percentile(0.9),
            p99=self._percentile(0.99),
            max=round(self._max * 1000, 3),
        )

    def _percentile(self, share: float) -> float:
        remaining = share * self._buckets.total()
        for number in sorted(self._buckets):
            remaining -= self._buckets[number]
            if remaining <= 0:
                return round(min(_MIN_LATENCY * math.exp(number * _STEP), self._max) * 1000, 3)
        return 0.0
