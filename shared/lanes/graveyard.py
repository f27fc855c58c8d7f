"""The dead letters: walked, put back into their lanes, or thrown away for good. Only a person does the latter two."""

from collections.abc import Iterator, Sequence

import redis

from shared.lanes import lane as names
from shared.lanes.pages import pages
from shared.lanes.scripts import source
from shared.lanes.survey import DeadLetter, read_dead_letter


class Graveyard:
    """Dead letters of one Redis. Methods may raise redis.exceptions.RedisError."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._replay = client.register_script(source("replay"))

    def walk(self, lane: str, *, latest_first: bool = False) -> Iterator[DeadLetter]:
        """All dead letters of a lane, the oldest first, or the latest, a page at a time. Those walked may be removed
        meanwhile."""
        for page in pages(self._client, f"{names.stream(lane)}:dead", latest_first=latest_first):
            for identity, fields in page:
                yield read_dead_letter(lane, identity, fields)

    def replay(self, lane: str, ids: Sequence[str]) -> int:
        """Back into the lane with no attempts made, atomically; replies how many were there."""
        return int(self._replay(keys=[names.stream(lane)], args=[lane, *ids]))

    def discard(self, lane: str, ids: Sequence[str]) -> int:
        """Thrown away; replies how many were there."""
        pipe = self._client.pipeline(transaction=True)
        pipe.xdel(f"{names.stream(lane)}:dead", *ids)
        discarded = int(pipe.execute()[0])
        self._client.hincrby(f"{names.stream(lane)}:counts", "discarded", discarded)
        return discarded
