"""How fast the spool takes webhooks on this disk. A figure to look at (`pytest -s -n0`), not a bound: disks differ."""

import asyncio
import time
from pathlib import Path

import pytest

from ingress.delivery import FailoverWriter
from ingress.delivery.group_commit import GroupCommit
from ingress.spool import SpoolWriter
from shared.errors import ServiceOverloaded
from tests.support.log import Log
from tests.support.spool.pieces import LANES, FakeRedis, all_contents

pytestmark = pytest.mark.anyio
_COMMITTERS, _EACH, _SIZE = 64, 60, 430


async def test_64_senders_share_the_fsyncs(folder: Path, log: Log) -> None:
    redis = FakeRedis()
    redis.down = ServiceOverloaded("down")
    durable = FailoverWriter(redis.push, redis.ping, SpoolWriter(folder))
    groups = [GroupCommit(lambda receipts, lane=lane: durable.commit(lane, receipts)) for lane in LANES]  # type: ignore[misc]
    waits: list[float] = []

    async def send(number: int) -> None:
        for _ in range(_EACH):
            begin = time.perf_counter()
            await groups[number % len(groups)].commit(b"x" * _SIZE)
            waits.append(time.perf_counter() - begin)

    begin = time.perf_counter()
    await asyncio.gather(*(send(number) for number in range(_COMMITTERS)))
    seconds = time.perf_counter() - begin
    await durable.stop()
    assert len(all_contents(folder)) == _COMMITTERS * _EACH
    waits.sort()
    print(f"\n{len(waits) / seconds:,.0f} webhooks/s into the spool, {_COMMITTERS} senders, ", end="")
    print(f"median {waits[len(waits) // 2] * 1e3:.1f} ms, 99th {waits[len(waits) * 99 // 100] * 1e3:.1f} ms")
    assert len(log.take()) == 1
