"""Committing: Redis, else the spool, else a refusal; never a timeout for each request of an outage."""

from pathlib import Path

import pytest

from shared.errors import ServiceOverloaded
from tests.support.log import Log
from tests.support.spool.pieces import INTAKE, LANES, LARGE, STATUSES, all_contents, files, numbered, segments
from tests.support.spool.standing import BEGIN, Ingress, running

pytestmark = pytest.mark.anyio


async def test_what_redis_takes_never_touches_the_disk(folder: Path) -> None:
    ingress = Ingress(folder)
    await ingress.commit(INTAKE, 3)
    assert ingress.redis.taken == numbered(INTAKE, 3)
    assert files(folder) == {}


@pytest.mark.parametrize(
    "error", [ServiceOverloaded("Redis is full"), TimeoutError(), ConnectionResetError("reset"), OSError(5, "io")]
)
async def test_what_redis_refuses_or_does_not_answer_is_spooled_whole(folder: Path, error: Exception, log: Log) -> None:
    ingress = Ingress(folder)
    ingress.redis.down = error
    await ingress.commit(INTAKE, 5)
    assert all_contents(folder) == numbered(INTAKE, 5)
    assert log.take_events() == [BEGIN]


async def test_a_fault_in_the_push_is_spooled_too_and_logged(folder: Path, log: Log) -> None:
    ingress = Ingress(folder)
    ingress.redis.down = KeyError("a fault of ours")
    await ingress.commit(INTAKE, 5)
    assert all_contents(folder) == numbered(INTAKE, 5)
    assert log.take_events() == ["unexpected error of a push to Redis; its webhooks go to the spool", BEGIN]


async def test_a_group_that_redis_took_without_saying_so_is_pushed_again(folder: Path, log: Log) -> None:
    async with running(folder) as ingress:
        ingress.redis.down, ingress.redis.unsure = TimeoutError(), True
        await ingress.commit(INTAKE, 2)
        ingress.redis.down = None
        await ingress.until(lambda: len(ingress.redis.taken) == 4)
        assert ingress.redis.taken == numbered(INTAKE, 2) * 2
        await ingress.until(lambda: ingress.durable.status().usage.segments == 0)
    assert log.take_events()[0] == BEGIN


async def test_after_a_failure_no_push_is_tried_until_a_probe_succeeds(folder: Path, log: Log) -> None:
    ingress = Ingress(folder)
    ingress.redis.down = TimeoutError()
    for number in range(50):
        await ingress.commit(INTAKE, 1, number)
    assert len(ingress.redis.calls) == 1, "one request waited for the timeout, not fifty"
    assert all_contents(folder) == numbered(INTAKE, 50)
    ingress.redis.down = None
    ingress.durable.start()
    await ingress.until(lambda: not segments(folder))
    await ingress.commit(INTAKE, 1, 50)
    assert ingress.redis.taken == numbered(INTAKE, 51)
    await ingress.durable.stop()
    assert log.take_events()[0] == BEGIN


async def test_one_lane_over_its_backlog_leaves_the_others_to_redis(folder: Path, log: Log) -> None:
    ingress = Ingress(folder)
    ingress.redis.full_lanes = {STATUSES}
    for number in range(3):
        for lane in LANES:
            await ingress.commit(lane, 1, number)
    assert all_contents(folder) == numbered(STATUSES, 3)
    assert ingress.redis.of(INTAKE) + ingress.redis.of(LARGE) == [
        receipt for lane in (INTAKE, LARGE) for _, receipt in numbered(lane, 3)
    ]
    assert ingress.durable.status().open_lanes == (STATUSES,)
    assert log.take_events() == [BEGIN]


async def test_only_where_the_spool_refuses_too_is_the_sender_turned_away(folder: Path, log: Log) -> None:
    ingress = Ingress(folder, limit=1000)
    ingress.redis.down = ServiceOverloaded("Redis is full")
    await ingress.commit(INTAKE, 5)
    for _ in range(3):
        with pytest.raises(ServiceOverloaded, match="the spool: it is full"):
            await ingress.commit(INTAKE, 100)
    await ingress.commit(INTAKE, 5, 5)
    assert all_contents(folder) == numbered(INTAKE, 10)
    assert log.take_events() == [BEGIN, "the spool refuses webhooks; their senders get a 503"]
