"""Dead letters as the console looks for them: filtered, the newest first, and grouped by what went wrong."""

import heapq
import re
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import redis

from shared.wire import lenient_json
from workers.lanes import keys as names
from workers.lanes.dead_letter_queue import DeadLetterQueue
from workers.lanes.status import DeadLetter, lane_statuses, read_dead_letter
from workers.operations.dead_letters.filter import DeadLetterFilter, event_type
from workers.operations.purge import is_about
from workers.runtime.event_entry import EventEntry

_PAGE = 200
_JUST_NOW = 1000  # ms
#: Letters that a page looks at: beyond that it says that there are more.
MAX_SCANNED = 5000
#: …and that are counted before something is done with all of them.
MAX_COUNTED = 20_000
_NUMBERS = re.compile(r"\d+")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_LONGEST = 160  # characters of an error that tell groups apart


class DeadLetterQuery(NamedTuple):
    """Which letters: what the command line can ask for, and more. Times in ms since 1970."""

    base: DeadLetterFilter = DeadLetterFilter()
    customer: str = ""
    group: str = ""  # as `group_of` makes it
    since_ms: int = 0
    until_ms: int = 0  # only what died before; 0: whenever

    def wants(self, letter: DeadLetter) -> bool:
        """Whether the letter is meant. Pure."""
        return (
            letter.at_ms >= self.since_ms
            and (not self.until_ms or letter.at_ms < self.until_ms)
            and self.base.wants(letter, letter.at_ms)
            and (not self.group or group_of(letter.error) == self.group)
            and (not self.customer or is_about(letter.data, self.customer))
        )

    def is_all_of_its_lanes(self, now: int) -> bool:
        """Whether nothing is asked for but a lane, if that. Pure."""
        return self.until_ms >= now and self == DeadLetterQuery(
            DeadLetterFilter(lane=self.base.lane), until_ms=self.until_ms
        )


class DeadLetterGroup(NamedTuple):
    """Letters of one lane that died of the same."""

    lane: str
    why: str
    error: str  # with what differs between them left out
    size: int
    newest_ms: int


class DeadLetterPage(NamedTuple):
    """What a look at the dead letters found."""

    letters: list[DeadLetter]  # the newest first
    groups: list[DeadLetterGroup]  # the largest first
    number: int  # of those looked at
    complete: bool  # all were looked at
    more: bool  # beyond `letters`


def find(client: redis.Redis, wanted: DeadLetterQuery, most: int) -> DeadLetterPage:
    """The newest `most` letters that are wanted, and the groups of all. Raises RedisError."""
    letters: list[DeadLetter] = []
    groups: dict[tuple[str, str, str], DeadLetterGroup] = {}
    count = 0
    walk = newest_first(client, wanted)
    for looked_at, letter in enumerate(walk, 1):
        if wanted.wants(letter):
            count += 1
            if len(letters) < most:
                letters.append(letter)
            key = (letter.lane, letter.why, group_of(letter.error))
            known = groups.get(key, DeadLetterGroup(*key, 0, letter.at_ms))
            groups[key] = known._replace(size=known.size + 1)
        if looked_at == MAX_SCANNED:
            break
    complete = next(walk, None) is None
    by_size = sorted(groups.values(), key=lambda group: (-group.size, group.lane))
    return DeadLetterPage(letters, by_size, count, complete, count > len(letters))


def walk(client: redis.Redis, wanted: DeadLetterQuery) -> Iterator[DeadLetter]:
    """All that are wanted, lane by lane, the oldest first: so they are replayed in their order. Raises RedisError."""
    graveyard = DeadLetterQueue(client)
    for lane in _lanes(client, wanted):
        yield from (letter for letter in graveyard.walk(lane) if wanted.wants(letter))


def count(client: redis.Redis, wanted: DeadLetterQuery) -> tuple[int, bool]:
    """How many are wanted, and whether that is all: of very many not all are looked at. Raises RedisError."""
    if wanted.is_all_of_its_lanes(now_ms() - _JUST_NOW):
        return sum(found.dead for found in lane_statuses(client) if wanted.base.lane in {"", found.lane}), True
    number, graveyard, looked_at = 0, DeadLetterQueue(client), 0
    for lane in _lanes(client, wanted):
        for letter in graveyard.walk(lane):
            if looked_at == MAX_COUNTED:
                return number, False
            looked_at += 1
            number += wanted.wants(letter)
    return number, True


def newest_first(client: redis.Redis, wanted: DeadLetterQuery) -> Iterator[DeadLetter]:
    """Those of all lanes that may be wanted, merged by the time of their death."""
    return heapq.merge(
        *(_lane(client, lane, wanted) for lane in _lanes(client, wanted)), key=lambda found: -found.at_ms
    )


def total(client: redis.Redis) -> int:
    """How many there are in all lanes."""
    return sum(found.dead for found in lane_statuses(client))


def group_of(error: str) -> str:
    """An error without what differs from one event to the next: numbers and quoted text. Pure."""
    first = error.partition("\n")[0]
    return _NUMBERS.sub("#", _QUOTED.sub("'…'", first))[:_LONGEST]


def type_of(letter: DeadLetter) -> str:
    """The type of its event; empty for a webhook that was never classified."""
    return event_type(letter)


def body_of(entry: EventEntry) -> bytes:
    """The event's own part of the payload, as JSON."""
    return lenient_json.dumps(entry.item.body)


def now_ms() -> int:
    """The time, in ms since 1970."""
    return round(time.time() * 1000)


def _lanes(client: redis.Redis, wanted: DeadLetterQuery) -> list[str]:
    return sorted(wanted.base.lanes() or {found.lane for found in lane_statuses(client) if found.dead})


def _lane(client: redis.Redis, lane: str, wanted: DeadLetterQuery) -> Iterator[DeadLetter]:
    # Ids of a stream begin with the time, by the same clock as the letters' own times.
    end = f"({wanted.until_ms}" if wanted.until_ms else "+"
    while True:
        page: Any = client.xrevrange(f"{names.stream_key(lane)}:dead", end, str(wanted.since_ms or "-"), count=_PAGE)
        for identity, fields in page:
            yield read_dead_letter(lane, identity, fields)
        if len(page) < _PAGE:
            return
        end = f"({page[-1][0].decode()}"
