"""Each process of the ingress tells Redis how it does, every two seconds, for the console (report.lua).

What it counts is told as increments, in numbered reports. One that was not answered is repeated as it was, so that it
is added up once whether or not Redis had taken it.
"""

import asyncio
import os
import secrets
import socket
from collections import defaultdict
from contextlib import suppress

import redis.asyncio
from redis.exceptions import RedisError

from ingress.spool import FailoverWriter
from shared.observability.histogram import HistogramCounter
from shared.observability.metrics import GROUP_SIZES, PUSH_SECONDS
from shared.redis.scripts import read_script
from shared.wire import process_stats_fields as fields


class ProcessCounters:
    """The counts of one process."""

    def __init__(self) -> None:
        self.answers: defaultdict[int, int] = defaultdict(int)  # to webhooks, by status
        self.push_seconds = HistogramCounter(fields.PUSH_SECONDS, PUSH_SECONDS)
        self.group_sizes = HistogramCounter(fields.GROUP_SIZE, GROUP_SIZES)

    def fields(self) -> dict[str, int]:
        """All of it, flat."""
        answers = {fields.responses_field(status): count for status, count in self.answers.items()}
        return answers | self.push_seconds.fields() | self.group_sizes.fields()


PUBLISH_INTERVAL = 2.0  # seconds
_GONE_MS = 15_000
#: Seconds for which a report that was not answered may be repeated, Redis being away.
_STATS_TTL_MS = 86_400


class ProcessStatsReporter:
    """Tells until it is stopped. While Redis does not take it, nothing is told; the counts go on."""

    def __init__(self, client: redis.asyncio.Redis, tally: ProcessCounters, durable: FailoverWriter) -> None:
        self._client = client
        self._tally = tally
        self._durable = durable
        self._host = socket.gethostname()
        self._process = f"{self._host}:{os.getpid()}:{secrets.token_hex(4)}"
        own = fields.process_key(self._process)
        self._keys = [own, f"{own}:told", fields.PROCESSES_KEY, fields.RESPONSES_KEY, fields.COUNTERS_KEY]
        self._script = client.register_script(read_script(__package__, "process_stats"))
        self._number = 0
        self._told: dict[str, int] = {}  # the counts up to the last report that was made
        self._unanswered: dict[str, int] = {}  # what that one adds, until it is answered
        self._telling: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to tell."""
        self._telling = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Tells a last time."""
        if self._telling is not None:
            self._telling.cancel()
            with suppress(asyncio.CancelledError):
                await self._telling
        with suppress(RedisError, OSError):
            await self.publish()
            await self._client.zrem(fields.PROCESSES_KEY, self._process)

    async def publish(self) -> None:
        """Once. Raises RedisError or OSError."""
        if self._unanswered:
            await self._send()
        counts = self._counts()
        self._unanswered = {name: more for name, count in counts.items() if (more := count - self._told.get(name, 0))}
        self._told = counts
        self._number += 1
        await self._send()

    async def _send(self) -> None:
        said = {**self._counts(), **self._state()}
        pairs = [part for pairs in (said, self._unanswered) for pair in pairs.items() for part in pair]
        about: list[str | int] = [self._process, _GONE_MS, _STATS_TTL_MS, self._number, len(said)]
        await self._script(keys=self._keys, args=[*about, *pairs])
        self._unanswered = {}

    def _counts(self) -> dict[str, int]:
        """What only grows, since the process's start."""
        state = self._durable.state()
        return {**self._tally.fields(), fields.SPOOLED: state.spooled_records, fields.DRAINED: state.drained_records}

    def _state(self) -> dict[str, str | int]:
        state = self._durable.state()
        return {
            fields.SPOOL: f"{self._host}:{state.folder}",
            fields.SPOOL_LIMIT: state.limit,
            fields.SPOOL_BYTES: state.usage.bytes,
            fields.SPOOL_SEGMENTS: state.usage.segments,
            fields.SPOOL_SINCE_MS: state.usage.since_ms or "",
            fields.SPOOL_TORN_BYTES: state.usage.torn_bytes,
            fields.OPEN_LANES: ",".join(state.open_lanes),
            fields.REFUSING: state.refusing,
        }

    async def _run(self) -> None:
        while True:
            # No outage is told of here: the pushes do that.
            with suppress(RedisError, OSError):
                await self.publish()
            await asyncio.sleep(PUBLISH_INTERVAL)
