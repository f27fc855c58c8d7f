"""The spool before a real Redis that is full, that hangs, and that is not there."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from ingress.delivery.redis_writer import IntakeWriter
from ingress.spool import FailoverWriter, SpoolWriter
from shared.lanes.keys import stream_key
from shared.redis.connection import connect_async
from tests.support.programs import free_port
from tests.support.spool.fixtures import SpoolLog
from tests.support.spool.pieces import INTAKE, LANES, STATUSES, all_contents, numbered
from tests.support.valkey import valkey

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def valkey_url() -> Iterator[str]:
    with valkey() as url:
        yield url


@pytest.fixture
def server(valkey_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
        yield client
        client.client_unpause()
        client.config_set("maxmemory", 0)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingress.delivery.redis_writer._log", SpoolLog())


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
        while durable.state().drained_records == 0 or durable.state().usage.segments:  # noqa: ASYNC110 - files
            await asyncio.sleep(0.02)


def _in_redis(server: redis.Redis, lane: str) -> list[bytes]:
    entries: Any = server.xrange(stream_key(lane))
    return [fields[b"d"] for _, fields in entries]


async def test_webhooks_for_a_full_redis_are_in_it_once_it_has_room(
    folder: Path, server: redis.Redis, valkey_url: str, log: SpoolLog
) -> None:
    async with _running(folder, valkey_url) as durable:
        server.config_set("maxmemory", 1)
        await _commit(durable, INTAKE, 100)
        await _commit(durable, STATUSES, 100)
        assert len(all_contents(folder)) == 200
        assert _in_redis(server, INTAKE) == []
        server.config_set("maxmemory", 0)
        await _is_empty(durable)
        for lane in (INTAKE, STATUSES):
            assert sorted(_in_redis(server, lane)) == sorted(receipt for _, receipt in numbered(lane, 100))
        await durable.commit(INTAKE, [b"straight to Redis"])
        assert _in_redis(server, INTAKE)[-1] == b"straight to Redis"
    assert log.take()


async def test_webhooks_for_a_redis_that_hangs_are_in_it_afterwards_at_least_once(
    folder: Path, server: redis.Redis, valkey_url: str, log: SpoolLog
) -> None:
    async with _running(folder, valkey_url) as durable:
        await durable.commit(INTAKE, [b"before"])
        server.client_pause(60_000, all=False)
        async with asyncio.timeout(20):  # one timeout of 0.3 s and 200 fsyncs, not 200 timeouts
            await _commit(durable, INTAKE, 200)
        server.client_unpause()
        await _is_empty(durable)
    assert set(_in_redis(server, INTAKE)) == {b"before", *(receipt for _, receipt in numbered(INTAKE, 200))}
    assert log.take()


async def test_a_backlog_limit_makes_the_spool_the_overflow_and_nothing_is_left_in_it(
    folder: Path, server: redis.Redis, valkey_url: str, log: SpoolLog
) -> None:
    async with _running(folder, valkey_url, max_backlog=50) as durable:
        await _commit(durable, INTAKE, 120)
        assert len(_in_redis(server, INTAKE)) <= 50
        taken: list[bytes] = []
        async with asyncio.timeout(20):
            while len(set(taken)) < 120:  # a worker that takes all there is, now and then
                taken += _in_redis(server, INTAKE)
                server.delete(stream_key(INTAKE))
                await asyncio.sleep(0.05)
    assert set(taken) == {receipt for _, receipt in numbered(INTAKE, 120)}
    assert log.take()


async def test_what_was_spooled_without_any_redis_is_drained_by_the_next_start(
    folder: Path, server: redis.Redis, valkey_url: str, log: SpoolLog
) -> None:
    async with _running(folder, f"redis://127.0.0.1:{free_port()}/0") as durable:
        await _commit(durable, INTAKE, 30)
    assert len(all_contents(folder)) == 30
    async with _running(folder, valkey_url) as durable:
        await _is_empty(durable)
    assert _in_redis(server, INTAKE) == [receipt for _, receipt in numbered(INTAKE, 30)]
    assert log.take()
