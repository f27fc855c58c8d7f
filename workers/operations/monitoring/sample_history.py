"""The samples of the last hour, in memory and in Redis, so that a console knows what happened before it started.

Of several consoles only one writes at a time: the one that holds a key, which it renews with each sample and which
expires some seconds after that console stops. All consoles read what it wrote, so all show the same. While Redis is
full or unavailable each console continues with its own samples.
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
#: Seconds that the samples cover, and seconds between two of them.
RETENTION_SECONDS = 3600
SAMPLE_INTERVAL = 2.0
_MAX_SAMPLES = int(RETENTION_SECONDS / SAMPLE_INTERVAL)
_WRITER_TTL_MS = round(SAMPLE_INTERVAL * 4 * 1000)


class SampleHistory:
    """The samples of the last hour. Use it from one thread; others may read `samples`."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._name = secrets.token_hex(8)
        self._next_id: Any = "-"  # where the stream has not been read yet
        self.samples: deque[Sample] = deque(maxlen=_MAX_SAMPLES)

    def add(self, sample: Sample) -> None:
        """Write the sample if this console is the writer, then read what has been written since the last call.

        If Redis fails, the sample is kept in this console's memory only; nothing is raised.
        """
        try:
            if self._is_writer():
                fields: dict[Any, Any] = {"s": msgspec.json.encode(sample)}
                self._client.xadd(SAMPLES_KEY, fields, maxlen=_MAX_SAMPLES, approximate=True)
            self.read()
        except (RedisError, OSError):
            self._append(sample)

    def read(self) -> None:
        """Read the samples written since the last call. Raises RedisError."""
        entries: Any = self._client.xrange(SAMPLES_KEY, self._next_id, "+", count=2 * _MAX_SAMPLES)
        for identity, fields in islice(entries, max(len(entries) - _MAX_SAMPLES, 0), None):
            self._next_id = f"({identity.decode()}"
            try:
                self._append(msgspec.json.decode(fields[b"s"], type=Sample))
            except (KeyError, msgspec.MsgspecError):  # written by a console of another version
                continue

    def since(self, at_ms: float) -> list[Sample]:
        """Return the samples since that time (ms since 1970), the oldest first."""
        return [sample for sample in self.samples if sample.at >= at_ms]

    def _is_writer(self) -> bool:
        if self._client.set(WRITER_KEY, self._name, nx=True, px=_WRITER_TTL_MS):
            return True
        writer: Any = self._client.get(WRITER_KEY)
        if writer != self._name.encode():
            return False
        self._client.pexpire(WRITER_KEY, _WRITER_TTL_MS)
        return True

    def _append(self, sample: Sample) -> None:
        if not self.samples or sample.at > self.samples[-1].at:
            self.samples.append(sample)
