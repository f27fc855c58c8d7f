"""Which dead letters are meant, and finding them: for the command line and the console."""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import redis

from workers.lanes.dead_letter_queue import DeadLetterQueue
from workers.lanes.status import DeadLetter, lane_statuses
from workers.runtime.event_entry import InvalidEntry, unpack

#: Copies of letters that the console discarded lie, for a while, in streams of which the names begin so.
COPIES = "sluice:console:discarded:"


class DeadLetterFilter(NamedTuple):
    """What a dead letter must be like; empty values ask for nothing. Ages in milliseconds."""

    ids: frozenset[str] = frozenset()  # LANE/ID
    lane: str = ""
    type: str = ""
    why: str = ""
    error: str = ""
    older_ms: int = 0
    newer_ms: int = 0

    def wants(self, letter: DeadLetter, now_ms: int) -> bool:
        """Whether the letter is meant. Pure."""
        age = now_ms - letter.at_ms
        return (
            (not self.ids or f"{letter.lane}/{letter.id}" in self.ids)
            and (not self.type or event_type(letter) == self.type)
            and (not self.why or letter.why == self.why)
            and self.error.lower() in letter.error.lower()
            and (not self.older_ms or age >= self.older_ms)
            and (not self.newer_ms or age <= self.newer_ms)
        )

    def lanes(self) -> set[str]:
        """The lanes that need a look; empty: all."""
        return {self.lane} if self.lane else {name.rpartition("/")[0] for name in self.ids}


def letters(client: redis.Redis, wanted: DeadLetterFilter, now_ms: int) -> Iterator[DeadLetter]:
    """The dead letters that are meant, lane by lane, the oldest first."""
    graveyard = DeadLetterQueue(client)
    for lane in _lanes(client, wanted):
        yield from (letter for letter in graveyard.walk(lane) if wanted.wants(letter, now_ms))


def latest(client: redis.Redis, wanted: DeadLetterFilter, now_ms: int, most: int) -> list[DeadLetter]:
    """The latest `most` of each lane that are meant, the latest first. Raises RedisError."""
    graveyard = DeadLetterQueue(client)
    found: list[DeadLetter] = []
    for lane in _lanes(client, wanted):
        meant = (letter for letter in graveyard.walk(lane, latest_first=True) if wanted.wants(letter, now_ms))
        found += islice(meant, most)
    return sorted(found, key=lambda letter: letter.at_ms, reverse=True)


def _lanes(client: redis.Redis, wanted: DeadLetterFilter) -> list[str]:
    return sorted(wanted.lanes() or {found.lane for found in lane_statuses(client) if found.dead})


def event_type(letter: DeadLetter) -> str:
    """The type of the letter's event; empty for a webhook that was never classified."""
    try:
        return unpack(letter.data).item.type
    except InvalidEntry:
        return ""
