"""Which records are drained next, how many per push, and when. Pure decisions."""

from collections.abc import Collection, Iterable, Sequence, Set

MAX_BATCH_RECORDS = 500
MAX_BATCH_BYTES = 4 * 1024 * 1024


def next_drain_target(
    remaining_lanes: Sequence[Collection[str]], open_lanes: Set[str], first: Sequence[str]
) -> tuple[int, str] | None:
    """Return the index of the segment and the lane to drain next, or None if there is nothing to drain.

    The lane is the first whose circuit breaker is not open, in the order of `first` and then by name; the segment is
    the oldest with records of it. Lanes go before age, since a customer's message must not wait behind a campaign's
    statuses. A lane that Redis refuses is skipped, since its backlog must not hold up the others.

    Args:
        remaining_lanes: of each segment, oldest first, the lanes that are not fully drained.
        open_lanes: lanes whose circuit breaker is open.
        first: lanes that go before all others, in this order.
    """
    waiting = {lane for lanes in remaining_lanes for lane in lanes} - open_lanes
    if not waiting:
        return None
    order = {lane: position for position, lane in enumerate(first)}
    lane = min(waiting, key=lambda each: (order.get(each, len(order)), each))
    return oldest_with(lane, remaining_lanes), lane


def oldest_with(lane: str, remaining_lanes: Sequence[Collection[str]]) -> int:
    """Return the index of the oldest segment with records of the lane, or -1 if there is none."""
    return next((index for index, lanes in enumerate(remaining_lanes) if lane in lanes), -1)


def should_rotate(written: Set[str], remaining_lanes: Iterable[Collection[str]], open_lanes: Set[str]) -> bool:
    """Return whether to close the segment that is being written, so that it can be drained.

    It is worthwhile only if it yields records that no older segment has: for the next probe if there are none at all,
    or for a lane that Redis accepts again. Otherwise an outage of an hour would leave one file per second.
    """
    remaining = {lane for lanes in remaining_lanes for lane in lanes}
    return bool(written) and (not remaining or bool(written - remaining - open_lanes))


class DrainBatchSize:
    """The number of records per push: halved when a lane's push fails, doubled up to `maximum` when one succeeds.

    A lane whose limit or timeout is too small for a full batch is drained all the same. And a push that Redis has
    although it failed (a lost reply, too few replicas) is soon repeated with one record, not with hundreds.
    """

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._sizes: dict[str, int] = {}

    def size(self, lane: str) -> int:
        """Return the number of records for the lane's next push."""
        return self._sizes.get(lane, self._maximum)

    def failed(self, lane: str) -> None:
        """Record that the lane's last push failed."""
        self._sizes[lane] = max(1, self.size(lane) // 2)

    def succeeded(self, lane: str) -> None:
        """Record that the lane's last push succeeded."""
        self._sizes[lane] = min(self._maximum, self.size(lane) * 2)


class RateLimiter:
    """Limits records per second: in any t seconds, pushes of at most `rate` · t records and one batch are started."""

    def __init__(self, rate: float) -> None:
        if rate <= 0:
            raise ValueError("a rate must be greater than zero")
        self._rate = rate
        self._next = 0.0

    @property
    def max_batch(self) -> int:
        """Maximum records per push: not more than one second's worth, so that a low rate means small steps."""
        return max(1, min(MAX_BATCH_RECORDS, int(self._rate)))

    def wait(self, now: float) -> float:
        """Return the seconds until the next push may start."""
        return max(0.0, self._next - now)

    def started(self, records: int, now: float) -> None:
        """Record that a push of this many records started at `now`."""
        self._next = max(self._next, now) + records / self._rate
