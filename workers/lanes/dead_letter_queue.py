"""The dead letters: walked, put back into their lanes, or thrown away for good. Only a person does the latter two."""

from collections.abc import Iterator, Sequence
from typing import Any

import redis

from shared.redis.scripts import read_script
from workers.lanes import keys as names
from workers.lanes.paging import iter_pages
from workers.lanes.scripts import lane_script
from workers.lanes.status import DeadLetter, read_dead_letter


class DeadLetterQueue:
    """Dead letters of one Redis. Methods may raise redis.exceptions.RedisError."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._replay = client.register_script(lane_script("replay"))
        self._discard = client.register_script(read_script("workers.lanes.scripts", "discard"))

    def walk(self, lane: str, *, latest_first: bool = False) -> Iterator[DeadLetter]:
        """All dead letters of a lane, the oldest first, or the latest, a page at a time. Those walked may be removed
        meanwhile."""
        for page in iter_pages(self._client, f"{names.stream_key(lane)}:dead", latest_first=latest_first):
            for identity, fields in page:
                yield read_dead_letter(lane, identity, fields)

    def latest(self, lane: str) -> DeadLetter | None:
        """The dead letter of a lane that died last, if there is any."""
        found: Any = self._client.xrevrange(f"{names.stream_key(lane)}:dead", count=1)
        return read_dead_letter(lane, *found[0]) if found else None

    def replay(self, lane: str, ids: Sequence[str]) -> int:
        """Back into the lane with no attempts made, atomically; replies how many were there."""
        return int(self._replay(keys=[names.stream_key(lane)], args=[lane, *ids]))

    def discard(self, lane: str, ids: Sequence[str]) -> int:
        """Thrown away; replies how many were there."""
        return int(self._discard(keys=[names.stream_key(lane)], args=ids))
