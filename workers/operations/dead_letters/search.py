"""Find dead letters: one by one, the latest first, counted, or grouped by error."""

import heapq
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import redis

from workers.lanes.clock import local_time_ms
from workers.lanes.reader import LaneReader
from workers.lanes.records import DeadLetter
from workers.lanes.status import lane_statuses
from workers.operations.dead_letters.filter import DeadLetterFilter, error_group

_MAX_CLOCK_SKEW_MS = 1000
#: Dead letters that `find_page` examines at most.
MAX_SCANNED = 5000
#: Dead letters that `count` examines at most.
MAX_COUNTED = 20_000


class DeadLetterGroup(NamedTuple):
    """Dead letters of one lane with the same reason and the same kind of error."""

    lane: str
    why: str
    error: str  # see error_group
    size: int
    newest_ms: int


class DeadLetterPage(NamedTuple):
    """The latest matching dead letters, and the groups of all matching ones."""

    letters: list[DeadLetter]  # the latest first
    groups: list[DeadLetterGroup]  # the largest first
    number: int  # matching ones among those examined
    complete: bool  # all dead letters were examined
    more: bool  # more match than `letters` holds


def walk(client: redis.Redis, criteria: DeadLetterFilter) -> Iterator[DeadLetter]:
    """Yield all matching dead letters, lane by lane, the oldest first, so that they are replayed in order.

    Raises RedisError.
    """
    reader = LaneReader(client)
    for lane in _lanes(client, criteria):
        yield from filter(criteria.matches, reader.dead_letters(lane, since_ms=criteria.since_ms))


def latest(client: redis.Redis, criteria: DeadLetterFilter, limit: int) -> list[DeadLetter]:
    """Return the latest `limit` matching dead letters of each lane, the latest first. Raises RedisError."""
    reader = LaneReader(client)
    result: list[DeadLetter] = []
    for lane in _lanes(client, criteria):
        letters = reader.dead_letters(lane, since_ms=criteria.since_ms, latest_first=True)
        result += islice(filter(criteria.matches, letters), limit)
    return sorted(result, key=lambda letter: letter.at_ms, reverse=True)


def find_page(client: redis.Redis, criteria: DeadLetterFilter, limit: int) -> DeadLetterPage:
    """Return the latest `limit` matching dead letters, and the groups of all matching ones. Raises RedisError."""
    letters: list[DeadLetter] = []
    groups: dict[tuple[str, str, str], DeadLetterGroup] = {}
    number = 0
    candidates = _latest_first(client, criteria)
    for letter in islice(candidates, MAX_SCANNED):
        if criteria.matches(letter):
            number += 1
            if len(letters) < limit:
                letters.append(letter)
            key = (letter.lane, letter.why, error_group(letter.error))
            group = groups.get(key, DeadLetterGroup(*key, 0, letter.at_ms))
            groups[key] = group._replace(size=group.size + 1)
    complete = next(candidates, None) is None
    by_size = sorted(groups.values(), key=lambda group: (-group.size, group.lane))
    return DeadLetterPage(letters, by_size, number, complete, number > len(letters))


def count(client: redis.Redis, criteria: DeadLetterFilter) -> tuple[int, bool]:
    """Return how many dead letters match, and whether all were examined. Raises RedisError."""
    if criteria.selects_whole_lanes(local_time_ms() - _MAX_CLOCK_SKEW_MS):
        return sum(status.dead for status in lane_statuses(client) if criteria.lane in {"", status.lane}), True
    reader, number, examined = LaneReader(client), 0, 0
    for lane in _lanes(client, criteria):
        for letter in reader.dead_letters(lane):
            if examined == MAX_COUNTED:
                return number, False
            examined += 1
            number += criteria.matches(letter)
    return number, True


def total(client: redis.Redis) -> int:
    """Return the number of dead letters in all lanes. Raises RedisError."""
    return sum(status.dead for status in lane_statuses(client))


def _latest_first(client: redis.Redis, criteria: DeadLetterFilter) -> Iterator[DeadLetter]:
    """Yield the dead letters of all lanes that may match, merged by the time of their death."""
    reader = LaneReader(client)
    walks = (
        reader.dead_letters(lane, since_ms=criteria.since_ms, until_ms=criteria.until_ms, latest_first=True)
        for lane in _lanes(client, criteria)
    )
    return heapq.merge(*walks, key=lambda letter: -letter.at_ms)


def _lanes(client: redis.Redis, criteria: DeadLetterFilter) -> list[str]:
    return sorted(criteria.lanes() or {status.lane for status in lane_statuses(client) if status.dead})
