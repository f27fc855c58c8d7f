"""Starting and stopping: nothing is lost, and what was left is drained."""

import asyncio
import os
import threading
from pathlib import Path

import pytest

from ingress.delivery.failover import FailoverWriter
from ingress.spool.claims import ClaimedSegment, SegmentClaims
from ingress.spool.writer import SpoolWriter
from shared.errors import ServiceOverloaded
from tests.support.log import Log
from tests.support.spool.pieces import INTAKE, STATUSES, FakeRedis, all_contents, numbered, segments
from tests.support.spool.standing import BEGIN, END, LEFT, Ingress, running

pytestmark = pytest.mark.anyio


async def test_on_stop_the_segment_is_closed_and_the_next_start_drains_it(folder: Path, log: Log) -> None:
    async with running(folder, down=True) as ingress:
        await ingress.commit(INTAKE, 700)
        await ingress.commit(STATUSES, 5)
    with pytest.raises(ServiceOverloaded, match="the ingress is stopping"):
        await ingress.commit(INTAKE)
    assert len(all_contents(folder)) == 705
    async with running(folder) as ingress:
        await ingress.until(lambda: ingress.durable.status().usage.segments == 0 and not segments(folder))
        assert ingress.redis.of(INTAKE) == [receipt for _, receipt in numbered(INTAKE, 700)]
        assert len(ingress.redis.of(STATUSES)) == 5
        log.take()


async def test_stopping_amid_a_push_loses_nothing(folder: Path, log: Log) -> None:
    spool = SpoolWriter(folder)
    spool.append(numbered(INTAKE, 900))
    spool.close_segment()
    begun = asyncio.Event()

    async def push(lane: str, receipts: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    durable = FailoverWriter(push, FakeRedis().ping, SpoolWriter(folder))
    durable.start()
    await begun.wait()
    await durable.stop()
    assert all_contents(folder) == numbered(INTAKE, 900)
    async with running(folder) as ingress:
        await ingress.until(lambda: not segments(folder))
        assert ingress.redis.taken == numbered(INTAKE, 900)
    assert set(log.take_events()) <= {LEFT, END}


async def test_an_append_under_way_at_stop_is_finished_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch, log: Log
) -> None:
    ingress = Ingress(folder)
    ingress.redis.down = ServiceOverloaded("down")
    gate, begun, fsync = threading.Event(), threading.Event(), os.fsync

    def slow(fd: int) -> None:
        begun.set()
        assert gate.wait(10)
        fsync(fd)

    monkeypatch.setattr(os, "fsync", slow)
    commit = asyncio.create_task(ingress.commit(INTAKE, 3))
    await ingress.until(begun.is_set)
    stop = asyncio.create_task(ingress.durable.stop())
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(commit, stop)
    assert all_contents(folder) == numbered(INTAKE, 3)
    assert log.take_events() == [BEGIN]


async def test_draining_goes_on_after_an_error_that_should_not_be(
    folder: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = SpoolWriter(folder)
    spool.append(numbered(INTAKE, 5))
    spool.close_segment()
    take, faults = SegmentClaims.take, [RuntimeError("unforeseen")]

    def sometimes(self: SegmentClaims) -> ClaimedSegment | None:
        if faults:
            raise faults.pop()
        return take(self)

    monkeypatch.setattr(SegmentClaims, "take", sometimes)
    async with running(folder) as ingress:
        await ingress.until(lambda: not segments(folder))
        assert ingress.redis.taken == numbered(INTAKE, 5)
    assert log.take_events()[0] == "draining the spool failed; it will be retried"
