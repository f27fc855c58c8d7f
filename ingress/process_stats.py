"""Statistics of an ingress process, published to Redis every two seconds for the console (process_stats.lua).

Counters are published as increments, in numbered reports. A report without a reply is repeated unchanged, so that it is
added exactly once, whether or not Redis had received it.
"""

import asyncio
import os
import secrets
import socket
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress

import redis.asyncio
from redis.exceptions import RedisError

from ingress.spool.status import SpoolStatus
from shared.observability.histogram import HistogramCounter
from shared.observability.metrics import GROUP_SIZES, PUSH_SECONDS
from shared.redis.scripts import read_script
from shared.wire import process_stats_fields as fields

PUBLISH_INTERVAL = 2.0  # seconds
#: After this time without a report, a process counts as gone.
_PROCESS_TTL_MS = 15_000
#: For this time the number of the last report is kept, so that it can be repeated after an outage of Redis.
_REPORT_NUMBER_TTL_SECONDS = 86_400


class ProcessCounters:
    """The counters of one process. They only ever grow."""

    def __init__(self) -> None:
        self.responses: defaultdict[int, int] = defaultdict(int)  # to webhooks, by HTTP status
        self.push_seconds = HistogramCounter(fields.PUSH_SECONDS, PUSH_SECONDS)
        self.group_sizes = HistogramCounter(fields.GROUP_SIZE, GROUP_SIZES)

    def to_fields(self) -> dict[str, int]:
        """Return the counters as fields of a Redis hash."""
        responses = {fields.responses_field(status): count for status, count in self.responses.items()}
        return responses | self.push_seconds.fields() | self.group_sizes.fields()


class ProcessStatsReporter:
    """Publishes the counters and the spool's status every 2 s.

    While Redis is unavailable nothing is published; counting continues.
    """

    def __init__(
        self, client: redis.asyncio.Redis, counters: ProcessCounters, spool_status: Callable[[], SpoolStatus]
    ) -> None:
        self._client = client
        self._counters = counters
        self._spool_status = spool_status
        self._host = socket.gethostname()
        self._process = f"{self._host}:{os.getpid()}:{secrets.token_hex(4)}"
        own_key = fields.process_key(self._process)
        self._keys = [own_key, f"{own_key}:told", fields.PROCESSES_KEY, fields.RESPONSES_KEY, fields.COUNTERS_KEY]
        self._script = client.register_script(read_script(__package__, "process_stats"))
        self._number = 0
        self._reported: dict[str, int] = {}  # the counters as of the last report
        self._unconfirmed: dict[str, int] = {}  # the increments of the last report, until Redis has replied
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start publishing."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop after a last report, and remove this process from the list of processes."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        with suppress(RedisError, OSError):
            await self.publish()
            await self._client.zrem(fields.PROCESSES_KEY, self._process)

    async def publish(self) -> None:
        """Publish one report. Raises RedisError or OSError."""
        if self._unconfirmed:
            await self._send()
        counters = self._current_counters()
        self._unconfirmed = {
            name: increment for name, count in counters.items() if (increment := count - self._reported.get(name, 0))
        }
        self._reported = counters
        self._number += 1
        await self._send()

    async def _send(self) -> None:
        report = {**self._current_counters(), **self._spool_fields()}
        pairs = [part for mapping in (report, self._unconfirmed) for pair in mapping.items() for part in pair]
        head: list[str | int] = [
            self._process,
            _PROCESS_TTL_MS,
            _REPORT_NUMBER_TTL_SECONDS,
            self._number,
            len(report),
        ]
        await self._script(keys=self._keys, args=[*head, *pairs])
        self._unconfirmed = {}

    def _current_counters(self) -> dict[str, int]:
        status = self._spool_status()
        return {
            **self._counters.to_fields(),
            fields.SPOOLED: status.spooled_records,
            fields.DRAINED: status.drained_records,
        }

    def _spool_fields(self) -> dict[str, str | int]:
        status = self._spool_status()
        return {
            fields.SPOOL: f"{self._host}:{status.folder}",
            fields.SPOOL_LIMIT: status.limit,
            fields.SPOOL_BYTES: status.usage.bytes,
            fields.SPOOL_SEGMENTS: status.usage.segments,
            fields.SPOOL_SINCE_MS: status.usage.since_ms or "",
            fields.SPOOL_TORN_BYTES: status.usage.torn_bytes,
            fields.OPEN_LANES: ",".join(status.open_lanes),
            fields.REFUSING: status.refusing,
        }

    async def _run(self) -> None:
        while True:
            with suppress(RedisError, OSError):  # the pushes log an outage
                await self.publish()
            await asyncio.sleep(PUBLISH_INTERVAL)
