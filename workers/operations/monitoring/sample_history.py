"""The samples of the last hour, in memory and in Redis, so that a console that starts knows what was before.

Of several consoles one writes at a time: the one that holds a key which it renews with each sample, and which is free
again some seconds after it stopped. All read what it wrote, so all show the same. Where Redis is full or gone, each
goes on from its own looks.
"""

import secrets
from collections import deque
from itertools import islice
from typing import Any

import msgspec
import redis
from redis.exceptions import RedisError

from workers.operations.monitoring.sample import Sample

SAMPLES = "sluice:console:samples"
WRITER = "sluice:console:writer"
#: Seconds that the samples cover, and seconds between two.
COVERS = 3600
EVERY = 2.0
_MOST = int(COVERS / EVERY)
_WRITER_MS = round(EVERY * 4 * 1000)


class History:
    """For one thread; `samples` may be read by others."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._name = secrets.token_hex(8)
        self._read: Any = "-"  # up to where the stream was read
        self.samples: deque[Sample] = deque(maxlen=_MOST)

    def add(self, sample: Sample) -> None:
        """Writes a sample if this console is the one that does, and reads what was written since the last call.

        Never raises what Redis does: then the sample stands in this console's memory alone.
        """
        try:
            if self._is_writer():
                self._client.xadd(SAMPLES, {"s": msgspec.json.encode(sample)}, maxlen=_MOST, approximate=True)
            self._catch_up()
        except (RedisError, OSError):
            self._append(sample)

    def read(self) -> None:
        """What is there already. Raises RedisError."""
        self._catch_up()

    def since(self, at_ms: float) -> list[Sample]:
        """The samples since that time (ms since 1970), the oldest first."""
        return [sample for sample in self.samples if sample.at >= at_ms]

    def _is_writer(self) -> bool:
        if self._client.set(WRITER, self._name, nx=True, px=_WRITER_MS):
            return True
        holder: Any = self._client.get(WRITER)
        if holder != self._name.encode():
            return False
        self._client.pexpire(WRITER, _WRITER_MS)
        return True

    def _catch_up(self) -> None:
        found: Any = self._client.xrange(SAMPLES, self._read, "+", count=2 * _MOST)
        for identity, fields in islice(found, max(len(found) - _MOST, 0), None):
            self._read = f"({identity.decode()}"
            try:
                self._append(msgspec.json.decode(fields[b"s"], type=Sample))
            except (KeyError, msgspec.MsgspecError):  # of a console of another version
                continue

    def _append(self, sample: Sample) -> None:
        if not self.samples or sample.at > self.samples[-1].at:
            self.samples.append(sample)
