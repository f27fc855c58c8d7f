"""What is drained next, in what portions, and when: decisions on plain values."""

from collections.abc import Collection, Iterable, Sequence, Set

MAX_BATCH_RECORDS = 500
MAX_BATCH_BYTES = 4 * 1024 * 1024


def next_drain_target(
    lanes_left: Sequence[Collection[str]], open_lanes: Set[str], first: Sequence[str]
) -> tuple[int, str] | None:
    """Which segment, of which lane: the first lane that is not open, in the order of `first` and then by name, in the
    oldest segment that has any of it left. `lanes_left` goes by age. None if there is nothing to be drained.

    By lane before age, since a customer's message must not wait behind a campaign's statuses; and past a lane that
    Redis refuses, since its backlog is no business of the others.
    """
    waiting = {lane for lanes in lanes_left for lane in lanes} - open_lanes
    if not waiting:
        return None
    order = {lane: place for place, lane in enumerate(first)}
    lane = min(waiting, key=lambda each: (order.get(each, len(order)), each))
    return oldest_with(lane, lanes_left), lane


def oldest_with(lane: str, lanes_left: Sequence[Collection[str]]) -> int:
    """Index of the oldest segment that has any of that lane left; -1 if none has."""
    return next((index for index, lanes in enumerate(lanes_left) if lane in lanes), -1)


def should_rotate(written: Set[str], lanes_left: Iterable[Collection[str]], open_lanes: Set[str]) -> bool:
    """Whether to end the segment that is being written, so that it can be drained.

    Only where that brings something to push which no older segment has: one for the next probe if there is none at all,
    or one for a lane that Redis takes again. Else an outage of an hour would leave a file for each of its seconds.
    """
    left = {lane for lanes in lanes_left for lane in lanes}
    return bool(written) and (not left or bool(written - left - open_lanes))


class DrainBatchSize:
    """How many records a push holds: halved when a lane's push fails, doubled up to `most` when one succeeds.

    So a lane whose limit or timeout is too small for a whole portion is drained all the same. And a push that Redis has
    although it says otherwise (a lost answer, too few replicas) is soon repeated with one record, not with hundreds.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._sizes: dict[str, int] = {}

    def size(self, lane: str) -> int:
        """Records for the lane's next push."""
        return self._sizes.get(lane, self._most)

    def failed(self, lane: str) -> None:
        """The lane's last push failed."""
        self._sizes[lane] = max(1, self.size(lane) // 2)

    def succeeded(self, lane: str) -> None:
        """The lane's last push succeeded."""
        self._sizes[lane] = min(self._most, self.size(lane) * 2)


class RateLimiter:
    """A bound on records a second. In any time of t seconds at most `rate` · t records and one portion begin."""

    def __init__(self, rate: float) -> None:
        if rate <= 0:
            raise ValueError("a rate must be above zero")
        self._rate = rate
        self._next = 0.0

    @property
    def portion(self) -> int:
        """Records of a push at most: no more than a second's worth, so that a low rate means small steps."""
        return max(1, min(MAX_BATCH_RECORDS, int(self._rate)))

    def wait(self, now: float) -> float:
        """Seconds until the next push may begin."""
        return max(0.0, self._next - now)

    def spent(self, records: int, now: float) -> None:
        """A push of so many records began at that time."""
        self._next = max(self._next, now) + records / self._rate
