"""Segments that cannot be read: left where they are, named once, and in nobody's way."""

from pathlib import Path
from zlib import crc32

import pytest

from ingress.spool import codec
from tests.support.log import Line, Log
from tests.support.spool.pieces import INTAKE, LEFT_NAME, flipped, leave, numbered, obstruct, segment_bytes, segments
from tests.support.spool.standing import Draining

pytestmark = pytest.mark.anyio


async def test_a_segment_of_another_version_stays_where_it_is_and_is_named_once(folder: Path, log: Log) -> None:
    data = codec.FILE_HEAD.pack(b"SLSPOL", 9, 1)
    leave(folder, data + codec.CHECKSUM.pack(crc32(data)) + b"something newer")
    draining = Draining(folder)
    draining.spool.append(numbered(INTAKE, 3))
    await draining.for_seconds(5)
    assert [path.name for path in segments(folder)] == [LEFT_NAME]
    assert len(draining.redis.taken) == 3
    reason = "unknown segment version 9"
    values = {"file": LEFT_NAME, "reason": reason}
    assert log.take() == [Line("error", "a spool segment cannot be read; it is left where it is", values)]


async def test_a_segment_that_cannot_be_read_stays_where_it_is_and_stops_nobody(folder: Path, log: Log) -> None:
    obstruct(folder / LEFT_NAME / "any file")  # a folder: opening it works, reading does not
    draining = Draining(folder)
    draining.spool.append(numbered(INTAKE, 3))
    await draining.for_seconds(5)
    assert (folder / LEFT_NAME).exists()
    assert len(draining.redis.taken) == 3
    assert log.take_events() == ["a spool segment cannot be read; it is left where it is"]


async def test_a_segment_that_changes_under_the_drainer_is_let_go_of(folder: Path, log: Log) -> None:
    records = numbered(INTAKE, 1200)
    leave(folder, segment_bytes(records))
    draining = Draining(folder)
    await draining.until(lambda: len(draining.redis.taken) == 500)
    draining.drainer.segments[0].free()
    (folder / LEFT_NAME).write_bytes(flipped(segment_bytes(records), len(segment_bytes(records[:700])) - 1))
    await draining.for_seconds(3)
    assert draining.redis.taken == records[:699]
    assert segments(folder), "a restart tries it again"
    assert log.take_events() == ["a spool segment cannot be read; it is left where it is"]
