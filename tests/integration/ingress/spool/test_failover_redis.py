"""The spool before a real Redis that is full, that hangs, and that is not there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from ingress.delivery import FailoverWriter
from ingress.delivery.redis_writer import IntakeWriter
from ingress.spool import SpoolWriter
from shared.lanes.keys import stream_key
from shared.redis.connection import connect_async
from tests.support.log import Log
from tests.support.programs import free_port
from tests.support.spool.pieces import INTAKE, LANES, STATUSES, all_contents, numbered

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def _running(folder: Path, url: str, max_backlog: int = 0) -> AsyncIterator[FailoverWriter]:
    client = connect_async(url, timeout=0.3)
    push = IntakeWriter(client, max_backlog=max_backlog)
    durable = FailoverWriter(push.push, push.ping, SpoolWriter(folder), first=LANES)
    durable.start()
    yield durable
    await durable.stop()
    await client.aclose()


async def _commit(durable: FailoverWriter, lane: str, count: int) -> None:
    for record in numbered(lane, count):
        await durable.commit(lane, [record[1]])


async def _is_empty(durable: FailoverWriter) -> None:
    async with asyncio.timeout(15):
        while durable.status().drained_records == 0 or durable.status().usage.segments:  # noqa: ASYNC110 - files
            await asyncio.sleep(0.02)


def _in_redis(client: redis.Redis, lane: str) -> list[bytes]:
    entries: Any = client.xrange(stream_key(lane))
    return [fields[b"d"] for _, fields in entries]


async def test_webhooks_for_a_full_redis_are_in_it_once_it_has_room(
    folder: Path, client: redis.Redis, redis_url: str, log: Log
) -> None:
    async with _running(folder, redis_url) as durable:
        client.config_set("maxmemory", 1)
        await _commit(durable, INTAKE, 100)
        await _commit(durable, STATUSES, 100)
        assert len(all_contents(folder)) == 200
        assert _in_redis(client, INTAKE) == []
        client.config_set("maxmemory", 0)
        await _is_empty(durable)
        for lane in (INTAKE, STATUSES):
            assert sorted(_in_redis(client, lane)) == sorted(receipt for _, receipt in numbered(lane, 100))
        await durable.commit(INTAKE, [b"straight to Redis"])
        assert _in_redis(client, INTAKE)[-1] == b"straight to Redis"
    assert log.take()


async def test_webhooks_for_a_redis_that_hangs_are_in_it_afterwards_at_least_once(
    folder: Path, client: redis.Redis, redis_url: str, log: Log
) -> None:
    async with _running(folder, redis_url) as durable:
        await durable.commit(INTAKE, [b"before"])
        client.client_pause(60_000, all=False)
        async with asyncio.timeout(20):  # one timeout of 0.3 s and 200 fsyncs, not 200 timeouts
            await _commit(durable, INTAKE, 200)
        client.client_unpause()
        await _is_empty(durable)
    assert set(_in_redis(client, INTAKE)) == {b"before", *(receipt for _, receipt in numbered(INTAKE, 200))}
    assert log.take()


@pytest.mark.long
async def test_a_backlog_limit_makes_the_spool_the_overflow_and_nothing_is_left_in_it(
    folder: Path, client: redis.Redis, redis_url: str, log: Log
) -> None:
    async with _running(folder, redis_url, max_backlog=50) as durable:
        await _commit(durable, INTAKE, 120)
        assert len(_in_redis(client, INTAKE)) <= 50
        taken: list[bytes] = []
        async with asyncio.timeout(20):
            while len(set(taken)) < 120:  # a worker that takes all there is, now and then
                taken += _in_redis(client, INTAKE)
                client.delete(stream_key(INTAKE))
                await asyncio.sleep(0.05)
    assert set(taken) == {receipt for _, receipt in numbered(INTAKE, 120)}
    assert log.take()


async def test_what_was_spooled_without_any_redis_is_drained_by_the_next_start(
    folder: Path, client: redis.Redis, redis_url: str, log: Log
) -> None:
    async with _running(folder, f"redis://127.0.0.1:{free_port()}/0") as durable:
        await _commit(durable, INTAKE, 30)
    assert len(all_contents(folder)) == 30
    async with _running(folder, redis_url) as durable:
        await _is_empty(durable)
    assert _in_redis(client, INTAKE) == [receipt for _, receipt in numbered(INTAKE, 30)]
    assert log.take()
