"""What a lane is called in Redis, how it is set up, and what is taken from it."""

from typing import NamedTuple

#: The set of all lanes that any worker ever made known.
LANES_KEY = "sluice:lanes"
#: The one consumer group of each lane.
CONSUMER_GROUP = "workers"


def stream_key(lane: str) -> str:
    """Key of the lane's stream; all its other keys begin with it."""
    return f"sluice:lane:{lane}"


def suspects_key(lane: str) -> str:
    """Key of the stream of entries whose holder died."""
    return f"sluice:lane:{lane}:suspects"


def paused_key(lane: str) -> str:
    """Key that exists while a person has paused the lane."""
    return f"sluice:lane:{lane}:paused"


class LaneSpec(NamedTuple):
    """How a lane is run. The ingress needs none of it: the workers write it into Redis, where the scripts read it."""

    name: str  # also the name of the Celery task that drains it
    queue: str  # Celery queue of its wake-ups
    entries_per_wakeup: int  # waiting entries that deserve one wake-up
    lease_ms: int  # how long a taken entry belongs to its taker; longer than the task's hard time limit
    max_wakeups: int = 32  # wake-ups on their way at most


class TakenEntry(NamedTuple):
    """An entry that this worker holds until its lease runs out."""

    id: bytes  # of the stream entry
    data: bytes
    attempts: int = 0  # runs that ended before this one
    deaths: int = 0  # processes that died holding it

    @classmethod
    def from_redis(cls, identity: bytes, fields: list[bytes]) -> "TakenEntry":
        """From a stream entry as Redis answers it: names and values in turn."""
        if len(fields) == 2:  # the common case: only data
            return cls(identity, fields[1])
        named = dict(zip(fields[::2], fields[1::2], strict=True))
        return cls(identity, named.get(b"d", b""), int(named.get(b"a", 0)), int(named.get(b"x", 0)))
