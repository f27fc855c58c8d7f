"""Delivery: each intake lane has a group commit of its own, in front of one writer."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from ingress.delivery import Delivery, FailoverWriter
from ingress.process_stats import ProcessCounters
from ingress.spool import SpoolWriter
from shared.errors import ServiceOverloaded
from shared.lanes.intake import INTAKE, INTAKE_LANES, INTAKE_LARGE, INTAKE_STATUSES

pytestmark = pytest.mark.anyio


class _Redis:
    """Takes what is pushed, but waits with the statuses."""

    def __init__(self) -> None:
        self.pushed: list[tuple[str, list[bytes]]] = []
        self.statuses_may_go = asyncio.Event()

    async def push(self, lane: str, receipts: Sequence[bytes]) -> None:
        if lane == INTAKE_STATUSES:
            await self.statuses_may_go.wait()
        self.pushed.append((lane, list(receipts)))

    async def ping(self) -> None:
        pass


def _delivery(redis: _Redis, folder: Path, counters: ProcessCounters | None = None) -> Delivery:
    return Delivery(FailoverWriter(redis.push, redis.ping, SpoolWriter(folder)), counters or ProcessCounters())


async def test_a_lane_that_is_slow_does_not_hold_up_the_others(tmp_path: Path) -> None:
    redis = _Redis()
    delivery = _delivery(redis, tmp_path)
    slow = asyncio.create_task(delivery.commit(INTAKE_STATUSES, b"1"))
    await asyncio.gather(*[delivery.commit(lane, b"2") for lane in (INTAKE, INTAKE_LARGE)])
    assert sorted(redis.pushed) == [(INTAKE, [b"2"]), (INTAKE_LARGE, [b"2"])]

    redis.statuses_may_go.set()
    await slow
    assert redis.pushed[-1] == (INTAKE_STATUSES, [b"1"])


async def test_what_is_submitted_together_is_pushed_together_and_each_result_is_reported_once(tmp_path: Path) -> None:
    redis, counters = _Redis(), ProcessCounters()
    results: list[ServiceOverloaded | None] = []
    delivery = _delivery(redis, tmp_path, counters)
    for number in range(3):
        delivery.submit(INTAKE, b"%d" % number, results.append)
    assert results == []

    await delivery.commit(INTAKE, b"3")
    assert redis.pushed == [(INTAKE, [b"0", b"1", b"2", b"3"])]
    assert results == [None] * 3
    await asyncio.sleep(0)
    assert counters.to_fields()["group_size:4"] == 1


async def test_it_delivers_to_each_intake_lane_and_reports_the_spool(tmp_path: Path) -> None:
    redis = _Redis()
    redis.statuses_may_go.set()
    delivery = _delivery(redis, tmp_path)
    delivery.start()
    for lane in INTAKE_LANES:
        await delivery.commit(lane, b"x")
    assert [lane for lane, _ in redis.pushed] == list(INTAKE_LANES)
    assert (delivery.spool_status().folder, delivery.spool_status().open_lanes) == (str(tmp_path), ())
    await delivery.stop()
