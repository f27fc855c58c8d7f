"""When a push to Redis is worth trying: one breaker a lane, since a lane's backlog may be full while others take more.

    closed   pushes go to Redis
    open     from the first failure on: no push is tried, so that no request waits for a timeout. Once a second one
             open lane is tried, the one whose last try is longest ago; success closes its breaker, and the next lane is
             tried at once.

So a Redis that is back after an outage closes all of them in one go, and one that is not is asked once a second,
whatever the number of lanes.
"""

import math
import time
from collections.abc import Callable


class LaneCircuitBreakers:
    """The breakers of all lanes. Decides; does nothing. `every` is in seconds of `clock`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, every: float = 1.0) -> None:
        self._clock = clock
        self._every = every
        self._tried: dict[str, float] = {}  # open lanes, and when each was last tried
        self._next = -math.inf

    def allows(self, lane: str) -> bool:
        """Whether a push may be tried outside of `due`."""
        return lane not in self._tried

    def failed(self, lane: str) -> None:
        """A push to that lane failed, or nobody knows."""
        now = self._clock()
        self._tried[lane] = now
        self._next = now + self._every

    def succeeded(self, lane: str) -> None:
        """Redis took a push to that lane."""
        self._tried.pop(lane, None)

    def due(self) -> str | None:
        """The lane to be tried now, if any."""
        if not self._tried or self._clock() < self._next:
            return None
        return min(self._tried, key=self._tried.__getitem__)

    def wait(self) -> float:
        """Seconds until `due` may name a lane; infinity while all are closed."""
        return max(0.0, self._next - self._clock()) if self._tried else math.inf

    @property
    def open_lanes(self) -> frozenset[str]:
        """Lanes whose breaker is open."""
        return frozenset(self._tried)
