"""Act on dead letters: put them back into their lanes, discard them, restore discarded ones. Only people do that."""

from collections.abc import Sequence

import redis

from shared.redis.scripts import read_script
from workers.lanes.keys import discarded_key, stream_key
from workers.lanes.scripts import lane_script

_RESTORE_BATCH_SIZE = 200


class DeadLetterQueue:
    """The dead letters of one Redis. All methods may raise redis.exceptions.RedisError."""

    def __init__(self, client: redis.Redis) -> None:
        self._replay = client.register_script(lane_script("replay"))
        self._discard = client.register_script(read_script("workers.lanes.scripts", "discard"))
        self._discard_with_copy = client.register_script(read_script("workers.lanes.scripts", "discard_with_copy"))
        self._restore = client.register_script(read_script("workers.lanes.scripts", "restore"))

    def replay(self, lane: str, ids: Sequence[str]) -> int:
        """Put dead letters back into their lane with no attempts made; return how many existed."""
        return int(self._replay(keys=[stream_key(lane)], args=[lane, *ids]))

    def discard(self, lane: str, ids: Sequence[str]) -> int:
        """Discard dead letters for good; return how many existed."""
        return int(self._discard(keys=[stream_key(lane)], args=ids))

    def discard_with_copy(self, lane: str, ids: Sequence[str], undo: str, ttl_seconds: int) -> int:
        """Discard dead letters, and keep copies for `restore(undo)` until the TTL; return how many existed."""
        keys = [stream_key(lane), discarded_key(undo)]
        return int(self._discard_with_copy(keys=keys, args=[lane, ttl_seconds, *ids]))

    def restore(self, undo: str) -> int:
        """Restore the dead letters discarded under `undo`, under new ids; return how many copies were left."""
        restored = 0
        args: list[str | int] = [stream_key(""), _RESTORE_BATCH_SIZE]
        while count := int(self._restore(keys=[discarded_key(undo)], args=args)):
            restored += count
        return restored
