"""When a push to Redis is worth trying: one circuit breaker per lane, since only one lane's backlog may be full.

    closed   Pushes go to Redis.
    open     From the first failure on: no push is tried, so that no request waits for a timeout. Once per second one
             open lane is probed, the one whose last probe is longest ago. Success closes its breaker, and the next lane
             is probed immediately.

A Redis that is back after an outage therefore closes all breakers in one go, and one that is not is probed once per
second, whatever the number of lanes.
"""

import math
import time
from collections.abc import Callable


class LaneCircuitBreakers:
    """The circuit breakers of all lanes. It decides, but does no I/O. `probe_interval` is in seconds of `clock`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, probe_interval: float = 1.0) -> None:
        self._clock = clock
        self._probe_interval = probe_interval
        self._last_tried: dict[str, float] = {}  # the open lanes, and when a push to each was last tried
        self._next_probe = -math.inf

    def allows(self, lane: str) -> bool:
        """Return whether a push may be tried that is not the probe named by `due`."""
        return lane not in self._last_tried

    def failed(self, lane: str) -> None:
        """Record that a push to the lane failed, or that its outcome is unknown."""
        now = self._clock()
        self._last_tried[lane] = now
        self._next_probe = now + self._probe_interval

    def succeeded(self, lane: str) -> None:
        """Record that Redis accepted a push to the lane."""
        self._last_tried.pop(lane, None)

    def due(self) -> str | None:
        """Return the lane that is to be probed now, if any."""
        if not self._last_tried or self._clock() < self._next_probe:
            return None
        return min(self._last_tried, key=self._last_tried.__getitem__)

    def wait(self) -> float:
        """Return the seconds until `due` may name a lane; infinity while all breakers are closed."""
        return max(0.0, self._next_probe - self._clock()) if self._last_tried else math.inf

    @property
    def open_lanes(self) -> frozenset[str]:
        """The lanes whose circuit breaker is open."""
        return frozenset(self._last_tried)
