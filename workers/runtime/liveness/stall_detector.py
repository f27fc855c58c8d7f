"""The stall detector: a pure judgement of whether a worker's consumer receives messages, observation by observation.

A Celery worker can live on and receive no messages any more, as happened to others after their broker had been away
(github.com/celery/celery, issues 8030, 8091 and 10302). Silence may also mean that there are no messages, so after some
seconds of silence the worker sends itself a ping, which only its own consumer can receive. A consumer that does not
receive it although it has free slots is stalled. A worker whose slots are all busy is not stalled: it takes nothing on
purpose.
"""

from typing import NamedTuple

#: Seconds without a message after which a worker pings itself.
QUIET_INTERVAL = 5.0
#: Seconds for which a ping may wait for a consumer with free slots until the consumer counts as stalled…
STALL_TIMEOUT = 15.0
#: …and until it is expected never to recover.
UNRECOVERABLE_TIMEOUT = 30.0
#: Seconds that count at most between two observations. A process that was stopped could not receive anything meanwhile.
_MAX_STEP = 2.0


class Observation(NamedTuple):
    """What is seen of a worker's main process at one moment."""

    received: int  # messages since the start, pings included
    turns: int  # of its event loop, since the start
    taken: int  # wake-ups that it has taken and not finished
    running: int  # of these, those that its pool has begun
    slots: int  # how many it takes at a time
    ping_pending: bool  # a ping waits for its consumer, or has just been received
    solo: bool = False  # its event loop stands still while a handler runs


class ConsumerHealth(NamedTuple):
    """The judgement so far. `silent`: seconds in which it had a free slot and a ping to receive, and received none."""

    at: float  # time of the last observation
    received: int
    turns: int
    silent: float
    full: bool = False

    @property
    def needs_ping(self) -> bool:
        """Return whether a ping should wait in the worker's own queue."""
        return self.silent >= QUIET_INTERVAL

    @property
    def has_received(self) -> bool:
        """Return whether it ever received a message."""
        return self.received > 0

    @property
    def stalled(self) -> bool:
        """Return whether it receives no messages although it could."""
        return self.silent >= QUIET_INTERVAL + STALL_TIMEOUT

    @property
    def unrecoverable(self) -> bool:
        """Return whether it has been stalled for so long that only a restart helps."""
        return self.silent >= QUIET_INTERVAL + UNRECOVERABLE_TIMEOUT


def initial_health(now: float) -> ConsumerHealth:
    """Return the judgement before the first observation, at `now` (seconds). A new worker is pinged at once."""
    return ConsumerHealth(now, received=0, turns=0, silent=QUIET_INTERVAL)


def update(before: ConsumerHealth, seen: Observation, now: float) -> ConsumerHealth:
    """Return the judgement after one more observation, at `now` (seconds)."""
    # A worker is not full but stuck if its pool does not begin what it has taken, or if its event loop stands still and
    # so cannot know that it is done.
    full = seen.taken >= seen.slots and seen.running > 0 and (seen.turns != before.turns or seen.solo)
    if full or seen.received != before.received:
        return ConsumerHealth(now, seen.received, seen.turns, 0.0, full)
    silent = before.silent + min(now - before.at, _MAX_STEP)
    # Without a pending ping silence proves nothing: Redis may be away.
    return ConsumerHealth(now, seen.received, seen.turns, silent if seen.ping_pending else min(silent, QUIET_INTERVAL))
