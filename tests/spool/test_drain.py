"""Draining: in order, at a bounded rate, whatever is refused meanwhile, and nothing removed before it was pushed."""

from itertools import pairwise
from pathlib import Path

import pytest

from shared.errors import Overloaded
from tests.spool.conftest import SpoolLog
from tests.spool.pieces import INTAKE, LARGE, STATUSES, Draining, all_contents, numbered, segments

pytestmark = pytest.mark.anyio


def _spooled(draining: Draining, groups: int, size: int = 10, lanes: tuple[str, ...] = (INTAKE, STATUSES)) -> None:
    for number in range(groups):
        draining.spool.append([record for lane in lanes for record in numbered(lane, size, number * size)])


async def test_each_lane_is_drained_in_the_order_it_was_spooled(folder: Path) -> None:
    draining = Draining(folder, segment_bytes=2000)
    _spooled(draining, 60, lanes=(STATUSES, LARGE, INTAKE))
    assert len(segments(folder)) > 5
    await draining.until(lambda: not segments(folder))
    for lane in (INTAKE, LARGE, STATUSES):
        assert draining.redis.of(lane) == [receipt for _, receipt in numbered(lane, 600)]


async def test_a_customer_s_message_does_not_wait_behind_statuses_in_the_spool_either(folder: Path) -> None:
    draining = Draining(folder, segment_bytes=2000)
    _spooled(draining, 60, lanes=(STATUSES, LARGE, INTAKE))
    draining.spool.close_segment()
    await draining.until(lambda: not segments(folder))
    assert [lane for lane, _ in draining.redis.taken] == [INTAKE] * 600 + [LARGE] * 600 + [STATUSES] * 600


async def test_a_push_holds_500_records_at_most(folder: Path) -> None:
    draining = Draining(folder)
    draining.spool.append(numbered(INTAKE, 1700))
    await draining.until(lambda: not segments(folder))
    assert [count for _, _, count in draining.redis.calls] == [500, 500, 500, 200]


async def test_a_push_holds_4_mib_at_most_but_always_a_record(folder: Path) -> None:
    mib = 1 << 20
    draining = Draining(folder)
    sizes = [mib, mib, mib, mib, 1, 5 * mib, 1, 1]
    draining.spool.append([(LARGE, bytes(size)) for size in sizes])
    await draining.until(lambda: not segments(folder))
    assert [count for _, _, count in draining.redis.calls] == [4, 1, 1, 2]
    assert [len(receipt) for receipt in draining.redis.of(LARGE)] == sizes


@pytest.mark.parametrize("rate", [3.0, 100.0, 5000.0])
async def test_no_more_records_a_second_than_the_rate(folder: Path, rate: float) -> None:
    draining = Draining(folder, rate=rate)
    draining.spool.append(numbered(INTAKE, int(rate * 10)))
    begin = draining.time.now
    await draining.until(lambda: not segments(folder))
    portion = min(500, int(rate))
    calls = [(at, count) for at, _, count in draining.redis.calls]
    for index, (start, _) in enumerate(calls):
        pushed = 0
        for at, count in calls[index:]:
            pushed += count
            assert pushed <= rate * (at - start) + portion + 1e-6
    assert draining.time.now - begin <= 10 + 2 * portion / rate, "and hardly fewer"


async def test_the_segment_being_written_is_drained_too_and_new_failures_open_another(folder: Path) -> None:
    draining = Draining(folder)
    draining.spool.append(numbered(INTAKE, 600))
    await draining.until(lambda: len(draining.redis.taken) == 500)
    draining.spool.append(numbered(INTAKE, 5, 600))
    assert len(segments(folder)) == 2
    await draining.until(lambda: not segments(folder))
    assert draining.redis.taken == numbered(INTAKE, 605)


async def test_while_redis_is_down_one_file_is_held_for_probes_however_long_it_lasts(folder: Path) -> None:
    draining = Draining(folder)
    draining.redis.down = Overloaded("down")
    draining.breakers.failed(INTAKE)
    for number in range(120):
        draining.spool.append(numbered(INTAKE, 5, 5 * number))
        await draining.for_seconds(1)
    assert len(segments(folder)) == 2
    draining.redis.down = None
    await draining.until(lambda: not segments(folder))
    assert draining.redis.taken == numbered(INTAKE, 600)


async def test_a_segment_stays_until_all_of_it_was_pushed(folder: Path) -> None:
    draining = Draining(folder)
    draining.spool.append(numbered(INTAKE, 1600))
    draining.spool.close_segment()
    seen = set()

    def done() -> bool:
        seen.add((len(draining.redis.taken), len(all_contents(folder))))
        return not segments(folder)

    await draining.until(done)
    assert seen == {(0, 1600), (500, 1600), (1000, 1600), (1500, 1600), (1600, 0)}


async def test_a_lane_that_redis_refuses_does_not_hold_up_the_others(folder: Path) -> None:
    draining = Draining(folder, segment_bytes=2000)
    draining.redis.full_lanes = {STATUSES}
    _spooled(draining, 60, lanes=(STATUSES, INTAKE))
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
    draining.redis.down = Overloaded("Redis is full")
    draining.spool.append(numbered(INTAKE, 10))
    await draining.for_seconds(10)
    times = [at for at, _, _ in draining.redis.calls]
    assert 9 <= len(times) <= 11
    assert all(0.99 <= later - sooner <= 1.01 for sooner, later in pairwise(times))
    assert draining.redis.pings == []
    assert {lane for _, lane, _ in draining.redis.calls} == {INTAKE}


async def test_without_anything_to_push_a_probe_is_a_ping(folder: Path) -> None:
    draining = Draining(folder)
    draining.redis.down = Overloaded("down")
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
    draining.redis.down, draining.redis.unsure = Overloaded("too few replicas have it"), True
    draining.spool.append(numbered(INTAKE, 5000))
    await draining.for_seconds(1000)
    assert len(draining.redis.taken) < 1000 + 1100, "probes of one record each, after the first few"
    draining.redis.down = None
    await draining.until(lambda: not segments(folder))
    assert set(draining.redis.taken) == set(numbered(INTAKE, 5000))


async def test_an_error_that_should_not_be_is_logged_and_skips_nothing(folder: Path, log: SpoolLog) -> None:
    draining = Draining(folder)
    draining.redis.down = ValueError("a fault of ours")
    draining.spool.append(numbered(INTAKE, 10))
    await draining.until(lambda: len(draining.redis.calls) == 2)
    draining.redis.down = None
    await draining.until(lambda: not segments(folder))
    assert draining.redis.taken == numbered(INTAKE, 10)
    assert log.events == ["spooled webhooks could not be pushed"] * 2


async def test_what_is_drained_is_counted(folder: Path) -> None:
    draining = Draining(folder)
    draining.spool.append([(INTAKE, b"12345"), (STATUSES, b"678")])
    await draining.until(lambda: not segments(folder))
    assert (draining.drainer.records, draining.drainer.bytes) == (2, 8)


async def test_an_idle_drainer_looks_at_the_folder_once_a_second_and_does_nothing_else(folder: Path) -> None:
    draining = Draining(folder)
    assert [await draining.drainer.step() for _ in range(3)] == [1.0, 1.0, 1.0]
    assert draining.redis.calls == []
    assert draining.redis.pings == []
