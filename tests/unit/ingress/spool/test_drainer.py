"""Draining: in order, at a bounded rate, and nothing removed before it was pushed."""

from pathlib import Path

import pytest

from tests.support.spool.pieces import INTAKE, LARGE, STATUSES, all_contents, numbered, segments
from tests.support.spool.standing import Draining

pytestmark = pytest.mark.anyio


async def test_each_lane_is_drained_in_the_order_it_was_spooled(folder: Path) -> None:
    draining = Draining(folder, segment_bytes=2000)
    draining.spool_groups(60, STATUSES, LARGE, INTAKE)
    assert len(segments(folder)) > 5
    await draining.until(lambda: not segments(folder))
    for lane in (INTAKE, LARGE, STATUSES):
        assert draining.redis.of(lane) == [receipt for _, receipt in numbered(lane, 600)]


async def test_a_customer_s_message_does_not_wait_behind_statuses_in_the_spool_either(folder: Path) -> None:
    draining = Draining(folder, segment_bytes=2000)
    draining.spool_groups(60, STATUSES, LARGE, INTAKE)
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
