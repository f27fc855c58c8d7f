"""Damaged segments: what is whole before the damage is drained, the rest is kept aside and never drained."""

import errno
from pathlib import Path
from zlib import crc32

import pytest

from ingress.spool import claim, codec
from tests.ingress.log import Line
from tests.spool.conftest import SpoolLog
from tests.spool.pieces import INTAKE, STATUSES, Draining, files, numbered, obstruct, segment_bytes, segments

pytestmark = pytest.mark.anyio
_NAME = "00000000000000000001-00000000.seg"
_RECORDS = numbered(INTAKE, 20) + numbered(STATUSES, 20)
_WHOLE = segment_bytes(_RECORDS)
_SET_ASIDE = "the rest of a spool segment was damaged and is set aside; what came before it is in Redis"


def _left(folder: Path, data: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _NAME).write_bytes(data)


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


def _end(count: int) -> int:
    return len(segment_bytes(_RECORDS[:count]))


@pytest.mark.parametrize(
    ("data", "whole", "damage"),
    [
        pytest.param(_WHOLE[: _end(30) + 5], 30, "an incomplete or damaged record", id="a short head"),
        pytest.param(_WHOLE[: _end(31) - 1], 30, "an incomplete or damaged record", id="a short body"),
        pytest.param(
            _flipped(_WHOLE, len(_WHOLE) - 1), 39, "an incomplete or damaged record", id="a wrong last record"
        ),
        pytest.param(_WHOLE + bytes(1 << 20), 40, "zeros", id="a tail of zeros"),
        pytest.param(_flipped(_WHOLE, _end(3) - 1), 2, "an incomplete or damaged record", id="damage in the middle"),
        pytest.param(_flipped(_WHOLE, _end(3) + 2), 3, "an incomplete or damaged record", id="a wrong length inside"),
        pytest.param(_flipped(_WHOLE, 3), 0, "an incomplete or damaged record", id="a damaged file head"),
        pytest.param(_WHOLE[:10], 0, "an incomplete or damaged record", id="half a file head"),
    ],
)
async def test_the_records_before_the_damage_are_drained_and_the_rest_is_set_aside(
    folder: Path, log: SpoolLog, data: bytes, whole: int, damage: str
) -> None:
    _left(folder, data)
    draining = Draining(folder)
    await draining.until(lambda: not segments(folder))
    await draining.for_seconds(3)
    assert sorted(draining.redis.taken) == sorted(_RECORDS[:whole])
    rest = data[_end(whole) if whole else 0 :]
    assert files(folder) == {f"{_NAME}.torn": rest}
    values = {"file": f"{_NAME}.torn", "bytes": len(rest), "damage": damage, "records_before": whole}
    assert log.take() == [Line("error", _SET_ASIDE, values)]


@pytest.mark.parametrize("data", [b"", codec.file_head(1), _WHOLE], ids=["empty", "no record", "whole"])
async def test_a_segment_without_damage_leaves_nothing(folder: Path, data: bytes) -> None:
    _left(folder, data)
    draining = Draining(folder)
    await draining.until(lambda: not segments(folder))
    assert files(folder) == {}


async def test_the_rest_is_set_aside_only_after_what_is_before_it_was_pushed(folder: Path, log: SpoolLog) -> None:
    _left(folder, _WHOLE[:-1])
    draining = Draining(folder)
    draining.redis.full_lanes = {STATUSES}
    await draining.for_seconds(10)
    assert files(folder) == {_NAME: _WHOLE[:-1]}
    draining.redis.full_lanes.clear()
    await draining.until(lambda: not segments(folder))
    assert len(log.take()) == 1


async def test_without_room_for_a_copy_the_whole_file_is_set_aside(
    folder: Path, log: SpoolLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        path.write_bytes(data[:3])
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(claim, "_write_new", full)
    _left(folder, _WHOLE[:-1])
    draining = Draining(folder)
    await draining.until(lambda: not segments(folder))
    assert (folder / f"{_NAME}.torn").read_bytes() == _WHOLE[:-1]
    [line] = log.take()
    assert line.values["bytes"] == len(_WHOLE) - 1
    await draining.for_seconds(3)
    assert len(draining.redis.taken) == 39


async def test_a_segment_of_another_version_stays_where_it_is_and_is_named_once(folder: Path, log: SpoolLog) -> None:
    data = codec._FILE.pack(b"SLSPOL", 9, 1)
    _left(folder, data + codec._CRC.pack(crc32(data)) + b"something newer")
    draining = Draining(folder)
    draining.spool.append(numbered(INTAKE, 3))
    await draining.for_seconds(5)
    assert [path.name for path in segments(folder)] == [_NAME]
    assert len(draining.redis.taken) == 3
    reason = "a segment of version 9 is not known here"
    values = {"file": _NAME, "reason": reason}
    assert log.take() == [Line("error", "a spool segment cannot be read; it stays where it is", values)]


async def test_a_segment_that_cannot_be_read_stays_where_it_is_and_stops_nobody(folder: Path, log: SpoolLog) -> None:
    obstruct(folder / _NAME / "any file")  # a folder: opening it works, reading does not
    draining = Draining(folder)
    draining.spool.append(numbered(INTAKE, 3))
    await draining.for_seconds(5)
    assert (folder / _NAME).exists()
    assert len(draining.redis.taken) == 3
    assert log.events == ["a spool segment cannot be read; it stays where it is"]


async def test_a_segment_that_changes_under_the_drainer_is_let_go_of(folder: Path, log: SpoolLog) -> None:
    records = numbered(INTAKE, 1200)
    _left(folder, segment_bytes(records))
    draining = Draining(folder)
    await draining.until(lambda: len(draining.redis.taken) == 500)
    draining.drainer.holdings[0].forget()
    (folder / _NAME).write_bytes(_flipped(segment_bytes(records), len(segment_bytes(records[:700])) - 1))
    await draining.for_seconds(3)
    assert draining.redis.taken == records[:699]
    assert segments(folder), "a restart looks at it anew"
    assert log.events == ["a spool segment cannot be read; it stays where it is"]


@pytest.mark.parametrize(("data", "whole", "aside"), [(_WHOLE, 40, 0), (_WHOLE[:-1], 39, 1)], ids=["whole", "torn"])
async def test_a_drained_segment_that_cannot_be_removed_is_neither_pushed_nor_set_aside_again(
    folder: Path, log: SpoolLog, monkeypatch: pytest.MonkeyPatch, data: bytes, whole: int, aside: int
) -> None:
    _left(folder, data)
    draining = Draining(folder)
    unlink, broken = Path.unlink, [True]

    def refuse(self: Path, missing_ok: bool = False) -> None:
        if broken[0]:
            raise OSError(errno.EROFS, "Read-only file system")
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    await draining.for_seconds(10)
    assert log.events == [_SET_ASIDE] * aside + ["a drained spool segment cannot be removed"]
    broken[0] = False
    await draining.until(lambda: not segments(folder))
    assert len(draining.redis.taken) == whole
