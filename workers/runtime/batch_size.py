"""How many entries to take at once: as many as fit the time and the memory a take may cost."""

_BYTES_AT_ONCE = 8 * 1024 * 1024
_FIRST = 16  # before anything is known of a lane's entries


class AdaptiveBatchSize:
    """Learns what an entry of a lane costs. `limit` doubles at most from take to take, and shrinks at once."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds  # that one take may last
        self.limit = min(_FIRST, most)

    def record(self, entries: int, size: int, seconds: float) -> None:
        """A take of so many entries had that many bytes and took that long."""
        fitting = min(
            self._seconds / max(seconds / entries, 1e-9),
            _BYTES_AT_ONCE / max(size / entries, 1),
            # A take that was not full says nothing about a fuller one.
            2 * self.limit if entries >= self.limit else self.limit,
        )
        self.limit = max(1, min(self._most, int(fitting)))
