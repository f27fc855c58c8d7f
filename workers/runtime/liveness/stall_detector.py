"""Whether a worker's consumer consumes: a pure judgement, look by look, of what is seen of the worker's main process.

A Celery worker can live and take no message any more; it happened to others after their broker had been away
(github.com/celery/celery, issues 8030, 8091 and 10302). That nothing comes may also mean that nothing is there, so
after a while of silence the worker sends itself a pulse, which only its own consumer can take. A consumer that does not
take it, though it has room, is deaf. One whose slots are all at work is not: it takes nothing on purpose.
"""

from typing import NamedTuple

#: Seconds without any message after which a worker sends itself a pulse.
QUIET_INTERVAL = 5.0
#: Seconds for which a pulse may wait for a consumer with room before that counts as deaf…
STALL_TIMEOUT = 15.0
#: …and before nobody expects it to hear again.
UNRECOVERABLE_TIMEOUT = 30.0
#: Seconds that may count between two looks. A process that was stopped could not have taken anything meanwhile.
_STEP = 2.0


class Observation(NamedTuple):
    """What is seen of a worker's main process at one moment."""

    received: int  # messages since it was started, pulses included
    turns: int  # of its event loop
    taken: int  # wake-ups that it has and that are not done
    running: int  # of these, those that its pool has begun
    slots: int  # how many it takes at a time
    asked: bool  # a pulse waits for its consumer, or was taken
    solo: bool = False  # its event loop stands still while a handler runs


class ConsumerHealth(NamedTuple):
    """The judgement so far. `silent`: seconds for which it had room, could have been given a message, and took none."""

    at: float  # time of the last look
    received: int
    turns: int
    silent: float
    full: bool = False

    @property
    def ask(self) -> bool:
        """Whether a pulse should lie in the worker's own queue."""
        return self.silent >= QUIET_INTERVAL

    @property
    def has_received(self) -> bool:
        """Whether it ever took a message."""
        return self.received > 0

    @property
    def stalled(self) -> bool:
        """Whether it takes no messages, though it could."""
        return self.silent >= QUIET_INTERVAL + STALL_TIMEOUT

    @property
    def unrecoverable(self) -> bool:
        """Whether it has been deaf for so long that only a new start helps."""
        return self.silent >= QUIET_INTERVAL + UNRECOVERABLE_TIMEOUT


def begin(now: float) -> ConsumerHealth:
    """Before the first look, at `now` (seconds): a new worker is asked at once whether it hears."""
    return ConsumerHealth(now, received=0, turns=0, silent=QUIET_INTERVAL)


def update(before: ConsumerHealth, seen: Observation, now: float) -> ConsumerHealth:
    """The judgement after one more look, at `now` (seconds)."""
    # Full of wake-ups that its pool does not begin, or that a loop at a standstill cannot know to be done, is not full
    # but stuck.
    full = seen.taken >= seen.slots and seen.running > 0 and (seen.turns != before.turns or seen.solo)
    if full or seen.received != before.received:
        return ConsumerHealth(now, seen.received, seen.turns, 0.0, full)
    silent = before.silent + min(now - before.at, _STEP)
    # Without a pulse, silence shows nothing: Redis may be away.
    return ConsumerHealth(now, seen.received, seen.turns, silent if seen.asked else min(silent, QUIET_INTERVAL))
