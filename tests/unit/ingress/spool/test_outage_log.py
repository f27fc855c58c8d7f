"""What an operator gets to know: two lines an outage, and the state."""

import asyncio
from pathlib import Path

import pytest

from ingress.spool.outage_log import RECOVERY_SECONDS, SpoolOutageLog
from ingress.spool.writer import SpoolWriter
from shared.errors import ServiceOverloaded
from tests.support.clock import Clock
from tests.support.log import Log
from tests.support.spool.pieces import INTAKE, clear_away, numbered, obstruct, segments
from tests.support.spool.standing import BEGIN, END, LEFT, running

pytestmark = pytest.mark.anyio


async def test_an_outage_is_two_lines_in_the_log(folder: Path, log: Log) -> None:
    async with running(folder) as ingress:
        for outage in range(2):
            ingress.redis.down = ServiceOverloaded("Redis is full")
            for number in range(30):
                await ingress.commit(INTAKE, 1, number)
                await asyncio.sleep(0)
            ingress.redis.down = None
            await ingress.until(lambda: len(log.lines) == 2)
            lines = log.take()
            assert [line.event for line in lines] == [BEGIN, END], outage
            assert lines[0].values == {"reason": "Redis is full"}
            assert lines[1].values["drained_since_start"] == 30 * (outage + 1)


async def test_a_backlog_that_is_full_now_and_then_is_one_outage(folder: Path, log: Log) -> None:
    async with running(folder) as ingress:
        for number in range(20):
            ingress.redis.down = ServiceOverloaded("too many webhooks are waiting")
            await ingress.commit(INTAKE, 1, number)
            ingress.redis.down = None
            drained = ingress.durable.status().drained_records
            await ingress.until(lambda: ingress.durable.status().drained_records > drained)  # noqa: B023 - awaited here
        await ingress.until(lambda: len(log.lines) > 1)
        assert log.take_events() == [BEGIN, END]
        assert ingress.redis.taken == numbered(INTAKE, 20)


async def test_what_another_process_left_is_logged(folder: Path, log: Log) -> None:
    spool = SpoolWriter(folder)
    spool.append(numbered(INTAKE, 2000))
    spool.close_segment()
    async with running(folder, down=True) as ingress:
        await ingress.until(lambda: bool(log.lines))
        ingress.redis.down = None
        await ingress.until(lambda: len(log.lines) == 2)
    assert log.take_events() == [LEFT, END]


async def test_the_state_tells_what_was_spooled_and_what_waits(folder: Path, log: Log) -> None:
    async with running(folder) as ingress:
        assert ingress.durable.status()[:5] == ((), 0, 0, 0, 0)
        ingress.redis.down = ServiceOverloaded("Redis is full")
        await ingress.durable.commit(INTAKE, [b"12345", b"678"])
        state = ingress.durable.status()
        assert state[:5] == ((INTAKE,), 2, 8, 0, 0)
        await ingress.until(lambda: ingress.durable.status().usage.segments == 1)
        usage = ingress.durable.status().usage
        assert usage.waiting_bytes == sum(path.stat().st_size for path in segments(folder))
        assert usage.since_ms is not None
        ingress.redis.down = None
        await ingress.until(lambda: ingress.durable.status().usage.segments == 0)
        assert ingress.durable.status()[:5] == ((), 2, 8, 2, 8)
    assert log.take_events()[0] == BEGIN


async def test_the_state_tells_why_the_spool_refuses_and_when_that_is_over(folder: Path, log: Log) -> None:
    obstruct(folder)
    async with running(folder, down=True) as ingress:
        await ingress.until(lambda: ingress.durable.status().refusing != "" and bool(log.lines))
        with pytest.raises(ServiceOverloaded):
            await ingress.commit(INTAKE)
        clear_away(folder)
        await ingress.until(lambda: ingress.durable.status().refusing == "")
        await ingress.commit(INTAKE)
    assert sorted(log.take_events()) == [
        "the spool refuses webhooks; their senders get a 503",
        "the spool's folder cannot be read; its webhooks wait",
        BEGIN,
    ]


async def test_a_broken_spool_does_not_keep_redis_out_of_use(folder: Path, log: Log) -> None:
    obstruct(folder)
    async with running(folder, down=True) as ingress:
        with pytest.raises(ServiceOverloaded):
            await ingress.commit(INTAKE)
        ingress.redis.down = None
        await ingress.until(lambda: ingress.durable.status().open_lanes == ())
        await ingress.commit(INTAKE)
        assert ingress.redis.taken == numbered(INTAKE, 1)
    assert set(log.take_events()) == {
        "the spool's folder cannot be read; its webhooks wait",
        "the spool refuses webhooks; their senders get a 503",
    }


async def test_an_outage_is_over_only_when_the_spool_was_empty_for_a_while(log: Log) -> None:
    time = Clock()
    telling = SpoolOutageLog(time)
    for _ in range(3):
        telling.spooled("Redis is full")
        time.now += RECOVERY_SECONDS - 1
        telling.empty(10)
    assert log.take_events() == [BEGIN]
    time.now += 1
    telling.empty(10)
    telling.empty(10)
    assert log.take_events() == [END]
