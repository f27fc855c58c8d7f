"""The Redis keys of the lanes. The header of shared/lanes/common.lua describes what each one holds."""

from shared.lanes.keys import stream_key

__all__ = ["CONSUMER_GROUP", "LANES_KEY", "paused_key", "stream_key", "suspects_key"]

#: The set of all lanes that any worker ever registered.
LANES_KEY = "sluice:lanes"
#: The one consumer group of each lane.
CONSUMER_GROUP = "workers"


def suspects_key(lane: str) -> str:
    """Return the key of the stream of entries whose holder died; they are taken one at a time."""
    return f"{stream_key(lane)}:suspects"


def paused_key(lane: str) -> str:
    """Return the key that exists while the lane is paused by a person."""
    return f"{stream_key(lane)}:paused"
