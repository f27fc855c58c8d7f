"""One owner a segment: several processes share a folder, and what a dead one left is taken over."""

import asyncio
import fcntl
import os
from pathlib import Path

import pytest

from ingress.spool import files
from ingress.spool.claims import SegmentClaims
from ingress.spool.writer import SpoolWriter
from tests.support.log import Log
from tests.support.spool.pieces import INTAKE, STATUSES, all_contents, numbered, segments
from tests.support.spool.standing import Draining
from tests.support.spool.writer import record
from tests.support.spool.writers import writer

pytestmark = pytest.mark.anyio


async def test_the_segment_of_a_living_process_is_left_alone_and_that_of_a_dead_one_taken_over(folder: Path) -> None:
    draining = Draining(folder)
    with writer(folder, 1, 8 << 20, most=50) as living, writer(folder, 2, 8 << 20, most=50) as dying:
        living.wait_for(50)
        dying.wait_for(50)
        await draining.for_seconds(3)
        assert draining.redis.taken == []
        dying.kill()
        await draining.until(lambda: len(draining.redis.taken) == 50)
        await draining.for_seconds(3)
        assert sorted(draining.redis.taken) == sorted(record(number, 2) for number in range(50))
        assert len(segments(folder)) == 1
        living.kill()
    await draining.until(lambda: len(draining.redis.taken) == 100)


async def test_the_closed_segments_of_a_living_process_can_be_drained_by_another(folder: Path) -> None:
    draining = Draining(folder)
    with writer(folder, 3, 1_000, most=200) as living:
        living.wait_for(200)
        assert len(segments(folder)) > 5
        await draining.until(lambda: len(segments(folder)) == 1)
        assert len(draining.redis.taken) + len(all_contents(folder)) == 200


async def test_an_older_segment_that_is_found_later_goes_before_a_newer_one(folder: Path) -> None:
    older, newer = SpoolWriter(folder), SpoolWriter(folder)
    older.append(numbered(INTAKE, 3))
    newer.append(numbered(INTAKE, 3, 3))
    newer.close_segment()
    draining = Draining(folder)
    draining.redis.full_lanes = {INTAKE}
    await draining.for_seconds(3)
    older.close_segment()  # as if its process had died
    await draining.for_seconds(3)
    draining.redis.full_lanes.clear()
    await draining.until(lambda: not segments(folder))
    assert draining.redis.taken == numbered(INTAKE, 6)


async def test_two_drainers_never_have_the_same_segment(folder: Path) -> None:
    spool = SpoolWriter(folder, segment_bytes=200)
    for number in range(40):
        spool.append(numbered(INTAKE, 5, 5 * number))
    spool.close_segment()
    first, second = Draining(folder), Draining(folder)
    await asyncio.gather(*(each.until(lambda: not segments(folder)) for each in (first, second)))
    assert first.redis.taken
    assert second.redis.taken
    taken = first.redis.taken + second.redis.taken
    assert sorted(taken) == sorted(numbered(INTAKE, 200))


async def test_what_a_drainer_that_died_midway_had_begun_is_pushed_again_from_its_start(folder: Path) -> None:
    spool = SpoolWriter(folder)
    spool.append(numbered(INTAKE, 1200))
    spool.close_segment()
    first = Draining(folder)
    await first.until(lambda: len(first.redis.taken) == 1000)
    await first.drainer.segments.release()  # what the kernel does for a dead process

    second = Draining(folder)
    await second.until(lambda: not segments(folder))
    assert second.redis.taken == numbered(INTAKE, 1200)


def test_a_segment_taken_away_between_its_making_and_its_lock_is_made_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may see a new file before its maker has locked it, and find it empty and nobody's."""
    others = SegmentClaims(folder)
    lock, calls = files.lock, []

    def raced(fd: int, path: Path) -> bool:
        calls.append(path)
        if len(calls) == 1:  # locked and removed by the other, before us
            monkeypatch.setattr(files, "lock", lock)
            claim = others.take()
            assert claim is not None
            others.remove(claim)
            monkeypatch.setattr(files, "lock", raced)
        if len(calls) == 2:  # locked by the other, and not removed yet
            held = os.open(path, os.O_RDWR)
            fcntl.flock(held, fcntl.LOCK_EX)
            answer = lock(fd, path)
            os.close(held)
            return answer
        return lock(fd, path)

    monkeypatch.setattr(files, "lock", raced)
    SpoolWriter(folder).append(numbered(INTAKE, 3))
    assert len(calls) == 3
    assert not calls[0].exists()
    assert all_contents(folder) == numbered(INTAKE, 3)


def test_where_locks_do_not_work_nothing_is_taken_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(fd: int, how: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(Exception, match="not supported"):
        SpoolWriter(folder).append(numbered(INTAKE, 1))
    assert segments(folder) == []


def test_two_spools_of_one_process_do_not_share_a_segment_either(folder: Path, log: Log) -> None:
    one, other = SpoolWriter(folder), SpoolWriter(folder)
    one.append(numbered(INTAKE, 1))
    other.append(numbered(STATUSES, 1))
    assert len(segments(folder)) == 2
    assert SegmentClaims(folder).take() is None
    one.close_segment()
    claim = SegmentClaims(folder).take()
    assert claim is not None
    assert claim.remaining.keys() == {INTAKE}
