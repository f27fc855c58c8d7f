"""Damaged segments: what is whole before the damage is drained, the rest is kept aside and never drained."""

import errno
from pathlib import Path

import pytest

from ingress.spool import claims, codec
from tests.support.log import Line, Log
from tests.support.spool.pieces import (
    INTAKE,
    LEFT_NAME,
    STATUSES,
    files,
    flipped,
    leave,
    numbered,
    segment_bytes,
    segments,
)
from tests.support.spool.standing import Draining

pytestmark = pytest.mark.anyio
_RECORDS = numbered(INTAKE, 20) + numbered(STATUSES, 20)
_WHOLE = segment_bytes(_RECORDS)
_SET_ASIDE = "the damaged rest of a spool segment was set aside; everything before it is in Redis"


def _end(count: int) -> int:
    return len(segment_bytes(_RECORDS[:count]))


@pytest.mark.parametrize(
    ("data", "whole", "damage"),
    [
        pytest.param(_WHOLE[: _end(30) + 5], 30, "an incomplete or damaged record", id="a short head"),
        pytest.param(_WHOLE[: _end(31) - 1], 30, "an incomplete or damaged record", id="a short body"),
        pytest.param(flipped(_WHOLE, len(_WHOLE) - 1), 39, "an incomplete or damaged record", id="a wrong last record"),
        pytest.param(_WHOLE + bytes(1 << 20), 40, "zeros", id="a tail of zeros"),
        pytest.param(flipped(_WHOLE, _end(3) - 1), 2, "an incomplete or damaged record", id="damage in the middle"),
        pytest.param(flipped(_WHOLE, _end(3) + 2), 3, "an incomplete or damaged record", id="a wrong length inside"),
        pytest.param(flipped(_WHOLE, 3), 0, "an incomplete or damaged record", id="a damaged file head"),
        pytest.param(_WHOLE[:10], 0, "an incomplete or damaged record", id="half a file head"),
    ],
)
async def test_the_records_before_the_damage_are_drained_and_the_rest_is_set_aside(
    folder: Path, log: Log, data: bytes, whole: int, damage: str
) -> None:
    leave(folder, data)
    draining = Draining(folder)
    await draining.until(lambda: not segments(folder))
    await draining.for_seconds(3)
    assert sorted(draining.redis.taken) == sorted(_RECORDS[:whole])
    rest = data[_end(whole) if whole else 0 :]
    assert files(folder) == {f"{LEFT_NAME}.torn": rest}
    values = {"file": f"{LEFT_NAME}.torn", "bytes": len(rest), "damage": damage, "records_before": whole}
    assert log.take() == [Line("error", _SET_ASIDE, values)]


@pytest.mark.parametrize("data", [b"", codec.file_head(1), _WHOLE], ids=["empty", "no record", "whole"])
async def test_a_segment_without_damage_leaves_nothing(folder: Path, data: bytes) -> None:
    leave(folder, data)
    draining = Draining(folder)
    await draining.until(lambda: not segments(folder))
    assert files(folder) == {}


async def test_the_rest_is_set_aside_only_after_what_is_before_it_was_pushed(folder: Path, log: Log) -> None:
    leave(folder, _WHOLE[:-1])
    draining = Draining(folder)
    draining.redis.full_lanes = {STATUSES}
    await draining.for_seconds(10)
    assert files(folder) == {LEFT_NAME: _WHOLE[:-1]}
    draining.redis.full_lanes.clear()
    await draining.until(lambda: not segments(folder))
    assert len(log.take()) == 1


async def test_without_room_for_a_copy_the_whole_file_is_set_aside(
    folder: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        path.write_bytes(data[:3])
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(claims, "write_new", full)
    leave(folder, _WHOLE[:-1])
    draining = Draining(folder)
    await draining.until(lambda: not segments(folder))
    assert (folder / f"{LEFT_NAME}.torn").read_bytes() == _WHOLE[:-1]
    [line] = log.take()
    assert line.values["bytes"] == len(_WHOLE) - 1
    await draining.for_seconds(3)
    assert len(draining.redis.taken) == 39


@pytest.mark.parametrize(("data", "whole", "aside"), [(_WHOLE, 40, 0), (_WHOLE[:-1], 39, 1)], ids=["whole", "torn"])
async def test_a_drained_segment_that_cannot_be_removed_is_neither_pushed_nor_set_aside_again(
    folder: Path, log: Log, monkeypatch: pytest.MonkeyPatch, data: bytes, whole: int, aside: int
) -> None:
    leave(folder, data)
    draining = Draining(folder)
    unlink, broken = Path.unlink, [True]

    def refuse(self: Path, missing_ok: bool = False) -> None:
        if broken[0]:
            raise OSError(errno.EROFS, "Read-only file system")
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    await draining.for_seconds(10)
    assert log.take_events() == [_SET_ASIDE] * aside + ["a drained spool segment cannot be removed"]
    broken[0] = False
    await draining.until(lambda: not segments(folder))
    assert len(draining.redis.taken) == whole
