"""How a lane is configured, and an entry taken from it."""

from typing import NamedTuple


class LaneSpec(NamedTuple):
    """The configuration of a lane. The workers write it into Redis, where the Lua scripts read it."""

    name: str  # also the name of the Celery task that drains the lane
    queue: str  # Celery queue of its wake-ups
    entries_per_wakeup: int  # backlog per wake-up
    lease_ms: int  # how long a taken entry belongs to its holder; longer than the task's hard time limit
    max_wakeups: int = 32  # wake-ups in flight at most


class TakenEntry(NamedTuple):
    """An entry that this worker holds until its lease expires."""

    id: bytes  # of the stream entry
    data: bytes
    attempts: int = 0  # completed before this one
    deaths: int = 0  # processes that died holding it since its last attempt

    @classmethod
    def from_redis(cls, identity: bytes, fields: list[bytes]) -> "TakenEntry":
        """Parse a stream entry as Redis returns it: field names and values in turn."""
        if len(fields) == 2:  # the common case: only data
            return cls(identity, fields[1])
        named = dict(zip(fields[::2], fields[1::2], strict=True))
        return cls(identity, named.get(b"d", b""), int(named.get(b"a", 0)), int(named.get(b"x", 0)))
