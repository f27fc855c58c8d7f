"""The Redis keys of the lanes. The header of shared/lanes/common.lua describes what each one holds."""

from shared.lanes.keys import stream_key

__all__ = [
    "CONSUMER_GROUP",
    "LANES_KEY",
    "breaker_key",
    "counts_key",
    "dead_letters_key",
    "discarded_key",
    "hold_key",
    "paused_key",
    "retries_key",
    "spec_key",
    "stream_key",
    "suspects_key",
    "timings_key",
]

#: The set of all lanes that any worker ever registered.
LANES_KEY = "sluice:lanes"
#: The one consumer group of each lane.
CONSUMER_GROUP = "workers"
_DISCARDED = "sluice:console:discarded:"


def suspects_key(lane: str) -> str:
    """Return the key of the stream of entries whose holder died; they are taken one at a time."""
    return f"{stream_key(lane)}:suspects"


def retries_key(lane: str) -> str:
    """Return the key of the sorted set of entries that wait for their next attempt."""
    return f"{stream_key(lane)}:retry"


def dead_letters_key(lane: str) -> str:
    """Return the key of the stream of dead letters."""
    return f"{stream_key(lane)}:dead"


def hold_key(lane: str) -> str:
    """Return the key that exists while the lane must not be drained; it expires."""
    return f"{stream_key(lane)}:hold"


def paused_key(lane: str) -> str:
    """Return the key that exists while the lane is paused by a person."""
    return f"{stream_key(lane)}:paused"


def breaker_key(lane: str) -> str:
    """Return the key of the hash that holds the circuit breaker's state."""
    return f"{stream_key(lane)}:breaker"


def spec_key(lane: str) -> str:
    """Return the key of the hash that holds the lane's configuration."""
    return f"{stream_key(lane)}:spec"


def counts_key(lane: str) -> str:
    """Return the key of the hash that holds the lane's counters."""
    return f"{stream_key(lane)}:counts"


def timings_key(lane: str) -> str:
    """Return the key of the hash that holds the lane's histograms."""
    return f"{stream_key(lane)}:times"


def discarded_key(undo: str) -> str:
    """Return the key of the stream of copies from which the discard `undo` is undone; "*" matches all of them."""
    return f"{_DISCARDED}{undo}"
