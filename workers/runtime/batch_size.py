"""How many entries to take: as many as fit the time and the memory that a take may cost."""

_MAX_BYTES = 8 * 1024 * 1024
_INITIAL = 16  # entries, while nothing is known about the lane


class AdaptiveBatchSize:
    """Learns what an entry of a lane costs. `limit` at most doubles from take to take, and shrinks at once."""

    def __init__(self, maximum: int, seconds: float) -> None:
        self._maximum = maximum
        self._seconds = seconds  # that one take may last
        self.limit = min(_INITIAL, maximum)

    def record(self, entries: int, size: int, seconds: float) -> None:
        """Record that a take of `entries` entries had `size` bytes and took `seconds`."""
        fitting = min(
            self._seconds / max(seconds / entries, 1e-9),
            _MAX_BYTES / max(size / entries, 1),
            # A take that was not full says nothing about a fuller one.
            2 * self.limit if entries >= self.limit else self.limit,
        )
        self.limit = max(1, min(self._maximum, int(fitting)))
