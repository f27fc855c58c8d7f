"""Each process of the ingress tells Redis how it does, every two seconds, for the console and its metrics.

sluice:ingress:<process>   hash of its counts and of its spool's state; gone 15 s after the last report
sluice:ingresses           sorted set of the processes by the time of their last report (ms since 1970)
sluice:answers             hash: answers to webhooks by status, of all processes that ever were
"""

import asyncio
import os
import secrets
import socket
import time
from contextlib import suppress
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

from ingress.spool import Durable
from ingress.tally import Tally

EVERY = 2.0  # seconds
_GONE_MS = 15_000
_ALL = "sluice:ingresses"
_ANSWERS = "sluice:answers"


class Report:
    """Tells until it is stopped. While Redis does not take it, nothing is told; the counts go on."""

    def __init__(self, client: redis.asyncio.Redis, tally: Tally, durable: Durable) -> None:
        self._client = client
        self._tally = tally
        self._durable = durable
        self._process = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._told: dict[int, int] = {}
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
            await self.tell()
            await self._client.zrem(_ALL, self._process)

    async def tell(self) -> None:
        """Once. Raises RedisError or OSError."""
        now = time.time_ns() // 1_000_000
        answers = dict(self._tally.answers)
        key = f"sluice:ingress:{self._process}"
        fields: Any = self._fields(now)
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.hset(key, mapping=fields)
            pipe.pexpire(key, _GONE_MS)
            pipe.zadd(_ALL, {self._process: now})
            pipe.zremrangebyscore(_ALL, "-inf", now - _GONE_MS)
            for status, count in answers.items():
                if more := count - self._told.get(status, 0):
                    pipe.hincrby(_ANSWERS, str(status), more)
            await pipe.execute()
        self._told = answers

    def _fields(self, now: int) -> dict[str, str | int | float]:
        state = self._durable.state()
        return {
            "at_ms": now,
            **self._tally.fields(),
            "spooled_records": state.spooled_records,
            "drained_records": state.drained_records,
            "spool_bytes": state.usage.bytes,
            "spool_segments": state.usage.segments,
            "spool_since_ms": state.usage.since_ms or "",
            "spool_torn_bytes": state.usage.torn_bytes,
            "open_lanes": ",".join(state.open_lanes),
            "refusing": state.refusing,
        }

    async def _run(self) -> None:
        while True:
            # No outage is told of here: the pushes do that.
            with suppress(RedisError, OSError):
                await self.tell()
            await asyncio.sleep(EVERY)
