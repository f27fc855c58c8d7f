"""Many commits at once: one fsync for those that meet, and nobody held up by another."""

import asyncio
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from ingress.delivery.failover import FailoverWriter
from ingress.spool.writer import SpoolWriter
from shared.errors import ServiceOverloaded
from tests.support.log import Log
from tests.support.spool.pieces import INTAKE, LANES, FakeRedis, all_contents, numbered
from tests.support.spool.standing import BEGIN, Ingress

pytestmark = pytest.mark.anyio


async def test_groups_of_all_lanes_that_meet_share_one_fsync(
    folder: Path, monkeypatch: pytest.MonkeyPatch, log: Log
) -> None:
    ingress = Ingress(folder)
    ingress.redis.down = ServiceOverloaded("down")
    for lane in LANES:
        await ingress.commit(lane)
    gate, syncs, fsync = threading.Event(), [], os.fsync

    def slow(fd: int) -> None:
        syncs.append(fd)
        assert gate.wait(10)
        fsync(fd)

    monkeypatch.setattr(os, "fsync", slow)
    commits = [asyncio.create_task(ingress.commit(lane, 7, 1)) for lane in LANES for _ in range(5)]
    await ingress.until(lambda: len(syncs) == 1)
    gate.set()
    await asyncio.gather(*commits)
    assert len(syncs) <= 2
    assert len(all_contents(folder)) == 3 + 15 * 7
    assert log.take_events() == [BEGIN]


async def test_a_slow_fsync_does_not_hold_up_the_event_loop(
    folder: Path, monkeypatch: pytest.MonkeyPatch, log: Log
) -> None:
    ingress = Ingress(folder)
    ingress.redis.down = ServiceOverloaded("down")
    gate, fsync = threading.Event(), os.fsync

    def slow(fd: int) -> None:
        assert gate.wait(10), "only the loop can open the gate"
        fsync(fd)

    monkeypatch.setattr(os, "fsync", slow)
    commit = asyncio.create_task(ingress.commit(INTAKE))
    for _ in range(1000):
        await asyncio.sleep(0)
    assert not commit.done()
    gate.set()
    await commit
    assert log.take_events() == [BEGIN]


async def test_a_sender_that_gives_up_harms_no_other(folder: Path, log: Log) -> None:
    ingress = Ingress(folder)
    ingress.redis.down = ServiceOverloaded("down")
    tasks = [asyncio.create_task(ingress.commit(INTAKE, 1, number)) for number in range(10)]
    for _ in range(3):
        await asyncio.sleep(0)
    tasks[4].cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [each for each in outcomes if each is not None and not isinstance(each, asyncio.CancelledError)] == []
    assert set(all_contents(folder)) >= {record for n, record in enumerate(numbered(INTAKE, 10)) if n != 4}
    assert log.take_events() == [BEGIN]


async def test_a_fault_in_the_spool_is_answered_and_logged(
    folder: Path, monkeypatch: pytest.MonkeyPatch, log: Log
) -> None:
    ingress = Ingress(folder)
    ingress.redis.down = ServiceOverloaded("down")
    with pytest.raises(ServiceOverloaded, match="internal server error"):
        await ingress.durable.commit("a lane of too long a name" * 20, [b"x"])
    assert log.take_events() == [
        "unexpected error while making a group of webhooks durable",
        "the spool refuses webhooks; their senders get a 503",
    ]


async def test_while_redis_hangs_a_request_waits_for_the_spool_only(folder: Path, log: Log) -> None:
    hung = asyncio.Event()

    async def push(lane: str, receipts: object) -> None:
        await hung.wait()
        raise TimeoutError

    durable = FailoverWriter(push, FakeRedis().ping, SpoolWriter(folder))
    first = asyncio.create_task(durable.commit(INTAKE, [b"first"]))
    await asyncio.sleep(0)
    hung.set()
    await first
    hung.clear()  # every further push would hang forever
    async with asyncio.timeout(5):
        for number in range(100):
            await durable.commit(INTAKE, [b"%d" % number])
    assert len(all_contents(folder)) == 101
    assert log.take_events() == [BEGIN]


async def test_a_push_that_succeeds_after_another_failed_closes_the_breaker(folder: Path, log: Log) -> None:
    gates = {b"slow": asyncio.Event(), b"failing": asyncio.Event()}

    async def push(lane: str, receipts: Sequence[bytes]) -> None:
        await gates[receipts[0]].wait()
        if receipts[0] == b"failing":
            raise TimeoutError

    durable = FailoverWriter(push, FakeRedis().ping, SpoolWriter(folder))
    slow, failing = (asyncio.create_task(durable.commit(INTAKE, [each])) for each in gates)
    await asyncio.sleep(0)
    gates[b"failing"].set()
    await failing
    assert durable.status().open_lanes == (INTAKE,)
    gates[b"slow"].set()
    await slow
    assert durable.status().open_lanes == ()
    assert log.take_events() == [BEGIN]
