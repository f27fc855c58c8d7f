"""Erase entries and dead letters from the lanes, for a purge of one customer's data."""

from collections.abc import Callable

import redis

from workers.lanes.keys import breaker_key, dead_letters_key, discarded_key, retries_key, stream_key, suspects_key
from workers.lanes.paging import PAGE_SIZE, iter_pages
from workers.lanes.records import parse_retry

#: Decides by the data of an entry whether to erase it.
Predicate = Callable[[bytes], bool]


class LaneEraser:
    """Erases from the lanes of one Redis. All methods return how much they erased and may raise RedisError."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def erase_entries(self, lane: str, matches: Predicate) -> int:
        """Erase entries that wait or are being handled; a later settle of the latter does nothing."""
        return sum(self._erase(stream, matches) for stream in (stream_key(lane), suspects_key(lane)))

    def erase_dead_letters(self, lane: str, matches: Predicate) -> int:
        """Erase dead letters."""
        return self._erase(dead_letters_key(lane), matches)

    def erase_discarded(self, matches: Predicate) -> int:
        """Erase copies of discarded dead letters that could still be restored, of all lanes."""
        streams = self._client.scan_iter(discarded_key("*"))
        return sum(self._erase(stream.decode(), matches) for stream in streams)

    def erase_retries(self, lane: str, matches: Predicate) -> int:
        """Erase scheduled retries."""
        key = retries_key(lane)
        members = self._client.zscan_iter(key, count=PAGE_SIZE)
        matching = [member for member, score in members if matches(parse_retry(member, score).data)]
        return int(self._client.zrem(key, *matching)) if matching else 0

    def erase_breaker_error(self, lane: str, text: bytes) -> int:
        """Erase the error of the lane's circuit breaker if it contains `text`: an error may quote its event."""
        key = breaker_key(lane)
        return int(self._client.hdel(key, "error")) if text in (self._client.hget(key, "error") or b"") else 0

    def _erase(self, stream: str, matches: Predicate) -> int:
        erased = 0
        for page in iter_pages(self._client, stream):
            ids = [identity for identity, fields in page if matches(fields.get(b"d", b""))]
            erased += int(self._client.xdel(stream, *ids)) if ids else 0
        return erased
