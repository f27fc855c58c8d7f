"""Read what is in the lanes. Nothing outside this package knows their keys or the format of their records."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import redis

from workers.lanes.keys import (
    LANES_KEY,
    counts_key,
    dead_letters_key,
    retries_key,
    stream_key,
    suspects_key,
    timings_key,
)
from workers.lanes.paging import PAGE_SIZE, iter_entries
from workers.lanes.records import DeadLetter, ScheduledRetry, parse_dead_letter, parse_retry
from workers.lanes.status import LaneStatus

#: Entries of one stream or sorted set that `find` examines at most.
MAX_SCANNED = 2000


class Waiting(NamedTuple):
    """The event is in the lane's stream: it waits, or is being handled."""

    certain: bool  # False: too many entries to examine all of them; the event may be among the rest


#: Where an event is in a lane; None: it is not in the lane (any more).
Location = Waiting | ScheduledRetry | DeadLetter | None


class LaneCounters(NamedTuple):
    """What has happened in one lane since it was created."""

    counts: dict[str, int]  # by name, as the header of common.lua lists them
    timings: dict[bytes, bytes]  # its histograms (workers/lanes/timings.py)


class LaneReader:
    """Reads the lanes of one Redis. All methods may raise redis.exceptions.RedisError."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def lanes(self) -> list[str]:
        """Return the names of all lanes that any worker ever registered, sorted."""
        names: Any = self._client.smembers(LANES_KEY)
        return sorted(name.decode() for name in names)

    def exists(self, lane: str) -> bool:
        """Return whether any worker ever registered the lane."""
        return bool(self._client.sismember(LANES_KEY, lane))

    def unsettled(self, lane: str) -> int:
        """Return the number of entries that wait or are being handled, suspects aside."""
        return int(self._client.xlen(stream_key(lane)))

    def entries(self, lane: str) -> Iterator[bytes]:
        """Yield the data of all entries that wait or are being handled, suspects included."""
        for stream in (stream_key(lane), suspects_key(lane)):
            for _, fields in iter_entries(self._client, stream):
                yield fields.get(b"d", b"")

    def dead_letters(
        self, lane: str, *, since_ms: int = 0, until_ms: int = 0, latest_first: bool = False
    ) -> Iterator[DeadLetter]:
        """Yield the lane's dead letters, the oldest or the latest first; they may be removed meanwhile.

        `since_ms`, `until_ms`: limit the walk to dead letters added between these times (ms since 1970; 0: no limit).
        A restored dead letter was added later than it died.
        """
        entries = iter_entries(
            self._client,
            dead_letters_key(lane),
            first=str(since_ms or "-"),
            last=f"({until_ms}-0" if until_ms else "+",
            latest_first=latest_first,
        )
        for identity, fields in entries:
            yield parse_dead_letter(lane, identity, fields)

    def dead_letter(self, lane: str, identity: str) -> DeadLetter | None:
        """Return one dead letter, or None if there is none with this id. Raises ResponseError for an invalid id."""
        entries: Any = self._client.xrange(dead_letters_key(lane), identity, identity)
        return parse_dead_letter(lane, *entries[0]) if entries else None

    def latest_dead_letter(self, lane: str) -> DeadLetter | None:
        """Return the lane's latest dead letter, or None if it has none."""
        entries: Any = self._client.xrevrange(dead_letters_key(lane), count=1)
        return parse_dead_letter(lane, *entries[0]) if entries else None

    def retries(self, lane: str, limit: int) -> list[ScheduledRetry]:
        """Return the next `limit` retries, the earliest due first."""
        members: Any = self._client.zrange(retries_key(lane), 0, limit - 1, withscores=True)
        return [parse_retry(member, score) for member, score in members]

    def retry_counts(self, lane: str, bounds_ms: Sequence[int]) -> list[int]:
        """Return how many retries are due up to the first bound, between each two bounds, and after the last one."""
        pipe = self._client.pipeline(transaction=True)
        for lower, upper in pairwise(["-inf", *map(str, bounds_ms), "+inf"]):
            pipe.zcount(retries_key(lane), lower if lower == "-inf" else f"({lower}", upper)
        return [int(count) for count in pipe.execute()]

    def counters(self, lanes: Sequence[str]) -> dict[str, LaneCounters]:
        """Return the counters and histograms of these lanes, read in one round trip."""
        pipe = self._client.pipeline(transaction=False)
        for lane in lanes:
            pipe.hgetall(counts_key(lane))
            pipe.hgetall(timings_key(lane))
        replies = pipe.execute() if lanes else []
        pairs = zip(lanes, replies[::2], replies[1::2], strict=True)
        return {
            lane: LaneCounters({name.decode(): int(value) for name, value in counts.items()}, timings)
            for lane, counts, timings in pairs
        }

    def last_errors(self, statuses: Sequence[LaneStatus]) -> dict[str, str]:
        """Return, by lane, the error of the latest dead letter, or of the next retry if there is no dead letter.

        `statuses`: the lanes; those without dead letters and retries are left out.
        """
        failed = [lane for lane in statuses if lane.dead or lane.retries]
        pipe = self._client.pipeline(transaction=False)
        for lane in failed:
            if lane.dead:
                pipe.xrevrange(dead_letters_key(lane.lane), count=1)
            else:
                pipe.zrange(retries_key(lane.lane), 0, 0, withscores=True)
        replies = pipe.execute() if failed else []
        return {
            lane.lane: (parse_dead_letter(lane.lane, *reply[0]) if lane.dead else parse_retry(*reply[0])).error
            for lane, reply in zip(failed, replies, strict=True)
            if reply
        }

    def find(self, lane: str, marker: bytes, since_ms: int) -> Location:
        """Return where the event is whose entry contains `marker`, given that it was pushed at `since_ms` or later."""
        first = str(max(since_ms, 0))
        letter, _ = self._scan(dead_letters_key(lane), marker, first)
        if letter is not None:
            return parse_dead_letter(lane, *letter)
        for member, due in self._retry_members(lane):
            if marker in member:
                return parse_retry(member, due)
        scans = [self._scan(stream, marker, first) for stream in (stream_key(lane), suspects_key(lane))]
        if any(entry for entry, _ in scans):
            return Waiting(certain=True)
        return None if all(complete for _, complete in scans) else Waiting(certain=False)

    def _scan(self, stream: str, marker: bytes, first: str) -> tuple[Any, bool]:
        """Return the stream's entry that contains the marker, or None, and whether the scan is complete."""
        for scanned, entry in enumerate(iter_entries(self._client, stream, first=first)):
            if scanned == MAX_SCANNED:
                return None, False
            if marker in entry[1].get(b"d", b""):
                return entry, True
        return None, True

    def _retry_members(self, lane: str) -> Iterator[tuple[bytes, float]]:
        for first in range(0, MAX_SCANNED, PAGE_SIZE):
            page: Any = self._client.zrange(retries_key(lane), first, first + PAGE_SIZE - 1, withscores=True)
            yield from page
            if len(page) < PAGE_SIZE:
                return
