"""The circuit breaker of a lane: while the handler fails for every event, events wait without using up attempts.

scripts/circuit_breaker.lua implements it; these are its policy and what it reports.
"""

from typing import Any, NamedTuple


class BreakerPolicy(NamedTuple):
    """When a lane's circuit breaker opens, and for how long it then holds the lane. Times in seconds."""

    threshold: int = 20  # different entries that have failed since the last success
    first_hold: float = 1.0  # doubled each time a probe fails
    max_hold: float = 30.0

    def script_args(self) -> list[int]:
        """Return the policy as settle.lua expects it, with times in milliseconds."""
        return [self.threshold, max(1, round(self.first_hold * 1000)), max(1, round(self.max_hold * 1000))]


class BreakerChange(NamedTuple):
    """What a settle changed in its lane's circuit breaker."""

    is_open: bool  # now, whether or not it changed
    opened_after: int = 0  # it opened now, after this many entries had failed
    error: str = ""  # the error of the last of those entries
    closed_after_ms: int | None = None  # it closed now, after it had been open this long

    @classmethod
    def from_redis(cls, change: bytes, measure: int, error: bytes) -> "BreakerChange":
        """Parse the last three values of settle.lua's reply."""
        return cls(
            is_open=change in (b"open", b"opened"),
            opened_after=int(measure) if change == b"opened" else 0,
            error=error.decode("utf-8", "replace"),
            closed_after_ms=int(measure) if change == b"closed" else None,
        )


#: The fields of the circuit breaker's hash that BreakerStatus.from_redis expects.
STATUS_FIELDS = ("since", "error", "tries", "probe")


class BreakerStatus(NamedTuple):
    """An open circuit breaker."""

    since_ms: int  # when it opened, since 1970
    open_s: float  # for how long it has been open
    error: str  # of the last failure
    tries: int  # probes so far
    next_try_s: float | None  # 0: as soon as there is an entry; None: a probe is running

    @classmethod
    def from_redis(cls, fields: Any, hold_ms: int, now_ms: int) -> "BreakerStatus | None":
        """Parse the values of STATUS_FIELDS; return None if the breaker is closed. `hold_ms`: the rest of the hold."""
        since, error, tries, probe = fields
        if since is None:
            return None
        hold_s = max(hold_ms, 0) / 1000
        return cls(
            since_ms=int(since),
            open_s=max(now_ms - int(since), 0) / 1000,
            error=(error or b"").decode("utf-8", "replace"),
            tries=int(tries or 0),
            next_try_s=None if probe is not None and hold_s else hold_s,
        )
