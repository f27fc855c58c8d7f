"""A drainer and a Durable with all that stands around them, on a clock that goes on only when they wait."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

from ingress.delivery.failover import FailoverWriter
from ingress.spool.circuit_breaker import LaneCircuitBreakers
from ingress.spool.drainer import SpoolDrainer
from ingress.spool.writer import SpoolWriter
from shared.errors import ServiceOverloaded
from tests.support.clock import Clock
from tests.support.spool.pieces import LANES, FakeRedis, numbered

BEGIN = "webhooks go to the spool until Redis accepts them again"
END = "the spool is empty again"
LEFT = "pushing webhooks to Redis that another process left in the spool"


class Draining:
    """A spool and a drainer on a clock that stands still."""

    def __init__(self, folder: Path, *, rate: float = 1e6, segment_bytes: int = 8 << 20) -> None:
        self.time = Clock()
        self.redis = FakeRedis(self.time)
        self.spool = SpoolWriter(folder, segment_bytes=segment_bytes)
        self.breakers = LaneCircuitBreakers(self.time)
        self.drainer = SpoolDrainer(
            self.spool,
            self.redis.push,
            self.redis.ping,
            self.breakers,
            ThreadPoolExecutor(max_workers=1),
            rate=rate,
            first=LANES,
            clock=self.time,
        )

    def spool_groups(self, count: int, *lanes: str) -> None:
        """Spool `count` groups, each of ten records of each lane."""
        for number in range(count):
            self.spool.append([record for lane in lanes for record in numbered(lane, 10, number * 10)])

    async def until(self, done: Callable[[], bool], steps: int = 5000) -> None:
        """Steps, with time going on as they ask for, until it is so."""
        for _ in range(steps):
            if done():
                return
            self.time.now += await self.drainer.step()
        raise AssertionError(f"not so after {steps} steps")

    async def for_seconds(self, seconds: float) -> None:
        """Steps until so much time has gone by."""
        end = self.time.now + seconds
        await self.until(lambda: self.time.now >= end)


class Ingress:
    """A Durable, its Redis and its clock. `start` is left to the test."""

    def __init__(self, folder: Path, *, limit: int = 1 << 30) -> None:
        self.time = Clock()
        self.redis = FakeRedis(self.time)
        self.spool = SpoolWriter(folder, limit=limit)
        self.durable = FailoverWriter(
            self.redis.push,
            self.redis.ping,
            self.spool,
            first=LANES,
            clock=self.time,
            sleep=self.time.sleep,
        )

    async def commit(self, lane: str, count: int = 1, start: int = 0) -> None:
        await self.durable.commit(lane, [receipt for _, receipt in numbered(lane, count, start)])

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not done():  # noqa: ASYNC110 - it is about files and other tasks
                await asyncio.sleep(0)


@asynccontextmanager
async def running(folder: Path, *, down: bool = False) -> AsyncIterator[Ingress]:
    ingress = Ingress(folder)
    ingress.redis.down = ServiceOverloaded("Redis is full") if down else None
    ingress.durable.start()
    yield ingress
    await ingress.durable.stop()
