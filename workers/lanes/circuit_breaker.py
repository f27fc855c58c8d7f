"""The breaker of a lane: a handler that fails for everyone is left alone, and no event pays for it (breaker.lua)."""

from typing import Any, NamedTuple


class BreakerPolicy(NamedTuple):
    """When a lane's breaker opens, and for how long it holds the lane. Times in seconds."""

    threshold: int = 20  # different entries that failed since the last success
    first_hold: float = 1.0  # the first hold; doubled each time a probe fails
    max_hold: float = 30.0

    def script_args(self) -> list[int]:
        """As settle.lua takes them, in milliseconds."""
        return [self.threshold, max(1, round(self.first_hold * 1000)), max(1, round(self.max_hold * 1000))]


class BreakerChange(NamedTuple):
    """What a settle did to its lane's breaker, or found."""

    is_open: bool
    opened_after: int = 0  # it opened now, after so many entries had failed
    error: str = ""  # …the last of them with this error
    closed_after_ms: int | None = None  # it closed now, and had been open for so long

    @classmethod
    def from_redis(cls, word: bytes, measure: int, error: bytes) -> "BreakerChange":
        """From the end of settle.lua's reply."""
        return cls(
            is_open=word in (b"open", b"opened"),
            opened_after=int(measure) if word == b"opened" else 0,
            error=error.decode("utf-8", "replace"),
            closed_after_ms=int(measure) if word == b"closed" else None,
        )


class BreakerStatus(NamedTuple):
    """A breaker that is open."""

    since_ms: int  # when it opened, since 1970
    open_s: float  # for how long it has been open
    error: str  # the last one
    tries: int  # probes so far
    next_try_s: float | None  # 0: as soon as there is an entry; None: one is being tried

    @classmethod
    def from_redis(cls, fields: Any, hold_ms: int, now_ms: int) -> "BreakerStatus | None":
        """From the values of FIELDS and what is left of the lane's hold; None where it is closed."""
        since, error, tries, probe = fields
        if since is None:
            return None
        waits = max(hold_ms, 0) / 1000
        return cls(
            since_ms=int(since),
            open_s=max(now_ms - int(since), 0) / 1000,
            error=(error or b"").decode("utf-8", "replace"),
            tries=int(tries or 0),
            next_try_s=None if probe is not None and waits else waits,
        )


#: What of the hash tells its status.
STATUS_FIELDS = ("since", "error", "tries", "probe")
