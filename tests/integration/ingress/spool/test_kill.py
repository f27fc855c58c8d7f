"""Killing a writer: every record whose append had returned is read back, in order, and none that was never written."""

import random
from pathlib import Path

import pytest

from tests.support.log import Log
from tests.support.spool.pieces import LANES, all_contents, files
from tests.support.spool.standing import Draining
from tests.support.spool.writer import record
from tests.support.spool.writers import writer

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_was_appended_before_a_kill_is_drained(folder: Path, seed: int, log: Log) -> None:
    moment = random.Random(seed)
    with writer(folder, seed, segment_bytes=moment.choice((2_000, 100_000, 8 << 20))) as victim:
        victim.wait_for(moment.randint(1, 2_000))
        victim.kill()
    found = all_contents(folder)
    assert len(found) >= victim.appended
    assert found == [record(number, seed) for number in range(len(found))]

    draining = Draining(folder)
    await draining.until(lambda: len(draining.redis.taken) >= len(found))
    await draining.for_seconds(2)
    for lane in LANES:
        assert draining.redis.of(lane) == [receipt for each, receipt in found if each == lane]
    assert len(files(folder)) == len(log.take()) <= 1, "nothing but a torn rest, logged once"
    assert all(name.endswith(".seg.torn") for name in files(folder))
