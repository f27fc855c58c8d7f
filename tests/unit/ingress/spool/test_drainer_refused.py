"""Draining while Redis refuses: probes, other lanes, and nothing skipped."""

from itertools import pairwise
from pathlib import Path

import pytest

from shared.errors import ServiceOverloaded
from tests.support.log import Log
from tests.support.spool.pieces import INTAKE, STATUSES, numbered, segments
from tests.support.spool.standing import Draining

pytestmark = pytest.mark.anyio


async def test_a_lane_that_redis_refuses_does_not_hold_up_the_others(folder: Path) -> None:
    draining = Draining(folder, segment_bytes=2000)
    draining.redis.full_lanes = {STATUSES}
    draining.spool_groups(60, STATUSES, INTAKE)
    await draining.until(lambda: len(draining.redis.of(INTAKE)) == 600)
    draining.spool.append(numbered(INTAKE, 7, 600))
    await draining.until(lambda: len(draining.redis.of(INTAKE)) == 607)
    assert draining.redis.of(STATUSES) == []
    assert draining.breakers.open_lanes == {STATUSES}
    draining.redis.full_lanes.clear()
    await draining.until(lambda: not segments(folder))
    assert draining.redis.of(STATUSES) == [receipt for _, receipt in numbered(STATUSES, 600)]


async def test_a_probe_is_a_real_push_of_the_oldest_that_waits_once_a_second(folder: Path) -> None:
    draining = Draining(folder)
    draining.redis.down = ServiceOverloaded("Redis is full")
    draining.spool.append(numbered(INTAKE, 10))
    await draining.for_seconds(10)
    times = [at for at, _, _ in draining.redis.calls]
    assert 9 <= len(times) <= 11
    assert all(0.99 <= later - sooner <= 1.01 for sooner, later in pairwise(times))
    assert draining.redis.pings == []
    assert {lane for _, lane, _ in draining.redis.calls} == {INTAKE}


async def test_without_anything_to_push_a_probe_is_a_ping(folder: Path) -> None:
    draining = Draining(folder)
    draining.redis.down = ServiceOverloaded("down")
    draining.breakers.failed(INTAKE)
    await draining.for_seconds(10)
    assert 9 <= len(draining.redis.pings) <= 11
    assert draining.redis.calls == []
    draining.redis.down = None
    await draining.until(lambda: draining.breakers.allows(INTAKE))


async def test_a_lane_that_takes_only_small_pushes_is_drained_all_the_same(folder: Path) -> None:
    draining = Draining(folder)
    draining.redis.most = 3  # a backlog limit that is nearly reached
    draining.spool.append(numbered(INTAKE, 40))
    await draining.until(lambda: not segments(folder))
    assert draining.redis.taken == numbered(INTAKE, 40)


async def test_pushes_that_redis_has_although_it_says_otherwise_do_not_flood_it(folder: Path) -> None:
    draining = Draining(folder)
    draining.redis.down, draining.redis.unsure = ServiceOverloaded("too few replicas have received the webhooks"), True
    draining.spool.append(numbered(INTAKE, 5000))
    await draining.for_seconds(1000)
    assert len(draining.redis.taken) < 1000 + 1100, "probes of one record each, after the first few"
    draining.redis.down = None
    await draining.until(lambda: not segments(folder))
    assert set(draining.redis.taken) == set(numbered(INTAKE, 5000))


async def test_an_error_that_should_not_be_is_logged_and_skips_nothing(folder: Path, log: Log) -> None:
    draining = Draining(folder)
    draining.redis.down = ValueError("a fault of ours")
    draining.spool.append(numbered(INTAKE, 10))
    await draining.until(lambda: len(draining.redis.calls) == 2)
    draining.redis.down = None
    await draining.until(lambda: not segments(folder))
    assert draining.redis.taken == numbered(INTAKE, 10)
    assert log.take_events() == ["unexpected error while pushing spooled webhooks"] * 2


async def test_while_redis_is_down_one_file_is_held_for_probes_however_long_it_lasts(folder: Path) -> None:
    draining = Draining(folder)
    draining.redis.down = ServiceOverloaded("down")
    draining.breakers.failed(INTAKE)
    for number in range(120):
        draining.spool.append(numbered(INTAKE, 5, 5 * number))
        await draining.for_seconds(1)
    assert len(segments(folder)) == 2
    draining.redis.down = None
    await draining.until(lambda: not segments(folder))
    assert draining.redis.taken == numbered(INTAKE, 600)
