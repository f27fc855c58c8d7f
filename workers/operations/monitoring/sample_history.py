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

SAMPLES_KEY = "sluice:console:samples"
WRITER_KEY = "sluice:console:writer"
#: Seconds that the samples cover, and seconds between two.
RETENTION_SECONDS = 3600
SAMPLE_INTERVAL = 2.0
_MAX_SAMPLES = int(RETENTION_SECONDS / SAMPLE_INTERVAL)
_WRITER_MS = round(SAMPLE_INTERVAL * 4 * 1000)


class SampleHistory:
    """For one thread; `samples` may be read by others."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._name = secrets.token_hex(8)
        self._read: Any = "-"  # up to where the stream was read
        self.samples: deque[Sample] = deque(maxlen=_MAX_SAMPLES)

    def add(self, sample: Sample) -> None:
        """Writes a sample if this console is the one that does, and reads what was written since the last call.

        Never raises what Redis does: then the sample stands in this console's memory alone.
        """
        try:
            if self._is_writer():
                self._client.xadd(
                    SAMPLES_KEY, {"s": msgspec.json.encode(sample)}, maxlen=_MAX_SAMPLES, approximate=True
                )
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
        if self._client.set(WRITER_KEY, self._name, nx=True, px=_WRITER_MS):
            return True
        holder: Any = self._client.get(WRITER_KEY)
        if holder != self._name.encode():
            return False
        self._client.pexpire(WRITER_KEY, _WRITER_MS)
        return True

    def _catch_up(self) -> None:
        found: Any = self._client.xrange(SAMPLES_KEY, self._read, "+", count=2 * _MAX_SAMPLES)
        for identity, fields in islice(found, max(len(found) - _MAX_SAMPLES, 0), None):
            self._read = f"({identity.decode()}"
            try:
                self._append(msgspec.json.decode(fields[b"s"], type=Sample))
            except (KeyError, msgspec.MsgspecError):  # of a console of another version
                continue

    def _append(self, sample: Sample) -> None:
        if not self.samples or sample.at > self.samples[-1].at:
            self.samples.append(sample)
