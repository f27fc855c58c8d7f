"""Appending to a disk that fails: refused, and nothing that was acknowledged is harmed."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ingress.spool.writer import SpoolWriter
from shared.errors import ServiceOverloaded
from tests.support.spool.pieces import INTAKE, STATUSES, all_contents, contents, numbered, segments
from tests.support.spool.power import Power


def _failing(errno_: int, match: str, times: int = 1 << 30) -> Callable[[Path], None]:
    left = [times]

    def fails(path: Path) -> None:
        if match in str(path) and left[0]:
            left[0] -= 1
            raise OSError(errno_, os.strerror(errno_))

    return fails


@pytest.mark.parametrize("which", [".seg", "spool"])
def test_after_a_failed_fsync_the_segment_is_given_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    power = Power(monkeypatch)
    spool = SpoolWriter(folder)
    if which == ".seg":
        spool.append(numbered(INTAKE, 5))
    power.fails = _failing(errno.EIO, which, times=1)
    with pytest.raises(ServiceOverloaded, match="its disk fails"):
        spool.append(numbered(STATUSES, 5))
    given_up = segments(folder)
    spool.append(numbered(INTAKE, 5, 5))
    assert len(segments(folder)) == len(given_up) + 1
    power.files.clear()
    power.fails = lambda path: None
    assert [record for record in all_contents(folder) if record[0] == INTAKE] == numbered(
        INTAKE, 10 if which == ".seg" else 5, 0 if which == ".seg" else 5
    )
    spool.append(numbered(INTAKE, 1))
    assert list(power.files) == segments(folder)[-1:], "never the one whose fsync failed"


def test_a_segment_that_never_held_anything_is_not_left_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    power = Power(monkeypatch)
    spool = SpoolWriter(folder)
    power.fails = _failing(errno.EIO, ".seg")
    for _ in range(20):
        with pytest.raises(ServiceOverloaded):
            spool.append(numbered(INTAKE, 5))
    assert segments(folder) == []


def test_a_failed_write_leaves_no_part_of_a_record_and_ends_the_segment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = SpoolWriter(folder)
    spool.append(numbered(INTAKE, 5))
    write = os.pwrite

    def half(fd: int, data: bytes, offset: int) -> int:
        if len(data) < 20:
            raise OSError(errno.EIO, "bad disk")
        return write(fd, data[: len(data) // 2], offset)

    monkeypatch.setattr(os, "pwrite", half)
    with pytest.raises(ServiceOverloaded, match="its disk fails"):
        spool.append(numbered(STATUSES, 5))
    monkeypatch.undo()
    assert all_contents(folder) == numbered(INTAKE, 5)
    spool.append(numbered(INTAKE, 5, 5))
    assert [len(contents(path)) for path in segments(folder)] == [5, 5]
    assert all_contents(folder) == numbered(INTAKE, 10)


def test_a_write_in_pieces_is_a_whole_write(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, offset: write(fd, data[:7], offset))
    SpoolWriter(folder).append(numbered(INTAKE, 10))
    assert all_contents(folder) == numbered(INTAKE, 10)


def test_a_folder_that_cannot_be_is_overloaded_and_named_in_words(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    spool = SpoolWriter(tmp_path / "data" / "spool")
    with pytest.raises(ServiceOverloaded, match="and so is the spool: ") as refusal:
        spool.append(numbered(INTAKE, 1))
    assert str(tmp_path) not in refusal.value.message
    assert spool.problem() != ""


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_overloaded(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o500)
    spool = SpoolWriter(folder)
    assert spool.problem() == "its folder is not writable"
    with pytest.raises(ServiceOverloaded, match="its folder is not writable"):
        spool.append(numbered(INTAKE, 1))
