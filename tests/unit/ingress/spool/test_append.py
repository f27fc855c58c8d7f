"""Appending: what has been appended is on disk, one file after the other, and within the limit."""

import stat
from pathlib import Path

import pytest

from ingress.spool.writer import SpoolWriter
from shared.errors import ServiceOverloaded
from tests.support.spool.pieces import INTAKE, STATUSES, Record, all_contents, contents, numbered, segments
from tests.support.spool.power import Power


def _fill(spool: SpoolWriter) -> tuple[list[Record], ServiceOverloaded]:
    """Appends until it is refused; what was appended."""
    kept: list[Record] = []
    while True:
        group = numbered(INTAKE, 1, len(kept))
        try:
            spool.append(group)
        except ServiceOverloaded as refusal:
            return kept, refusal
        kept += group


def test_what_is_appended_outlasts_a_power_cut_at_any_moment_after(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    power = Power(monkeypatch)
    spool = SpoolWriter(folder, segment_bytes=300)
    appended = []
    for number in range(20):
        group = numbered(INTAKE, 3, number) + numbered(STATUSES, 2, number)
        spool.append(group)
        appended += group
        assert power.left() == appended
    assert len(segments(folder)) > 5


def test_a_group_costs_one_fsync_and_a_new_segment_one_more(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    power = Power(monkeypatch)
    spool = SpoolWriter(folder)
    spool.append(numbered(INTAKE, 1))
    power.synced.clear()
    spool.append(numbered(INTAKE, 500) + numbered(STATUSES, 500))
    assert power.synced == segments(folder)
    spool.close_segment()
    power.synced.clear()
    spool.append(numbered(INTAKE, 1))
    assert power.synced == [segments(folder)[-1], folder]


def test_the_folders_that_are_made_outlast_a_power_cut_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    power = Power(monkeypatch)
    SpoolWriter(folder).append(numbered(INTAKE, 1))
    assert folder.name in power.names[folder.parent]
    assert folder.parent.name in power.names[folder.parent.parent]


def test_nothing_is_made_before_it_is_needed_and_then_it_is_private(folder: Path) -> None:
    spool = SpoolWriter(folder)
    assert not folder.exists()
    assert spool.usage().segments == 0
    spool.append(numbered(INTAKE, 1))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in segments(folder)] == [0o600]


def test_segments_end_where_they_are_full_and_sort_by_time(folder: Path) -> None:
    spool = SpoolWriter(folder, segment_bytes=1000, clock_ns=iter([5, 4, 3, *range(100, 200)]).__next__)
    records = numbered(INTAKE, 100)
    for record in records:
        spool.append([record])
    sizes = [path.stat().st_size for path in segments(folder)]
    assert len(sizes) > 2
    assert max(sizes) <= 1000
    assert min(sizes[:-1]) > 900
    assert all_contents(folder) == records  # in order, though the clock was set back


def test_a_group_larger_than_a_segment_is_kept_together(folder: Path) -> None:
    spool = SpoolWriter(folder, segment_bytes=100)
    spool.append(numbered(INTAKE, 1))
    spool.append(numbered(STATUSES, 50))
    spool.append(numbered(INTAKE, 1))
    assert [len(contents(path)) for path in segments(folder)] == [1, 50, 1]


def test_a_full_spool_is_overloaded_and_keeps_what_it_has(folder: Path) -> None:
    spool = SpoolWriter(folder, limit=2000, segment_bytes=500)
    kept, refusal = _fill(spool)
    assert (refusal.status, refusal.retry_after) == (503, 5)
    assert "it is full" in refusal.message
    assert all_contents(folder) == kept
    assert 1900 < spool.usage().bytes <= 2000
    assert spool.problem() == "it is full"


def test_there_is_room_again_once_something_was_drained(folder: Path) -> None:
    spool = SpoolWriter(folder, limit=1000, segment_bytes=500)
    _fill(spool)
    segments(folder)[0].unlink()
    assert spool.problem() == ""
    spool.append(numbered(INTAKE, 1))


def test_what_other_processes_and_damage_left_counts_against_the_limit(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "an old one.seg.torn").write_bytes(b"x" * 900)
    spool = SpoolWriter(folder, limit=1000)
    spool.append(numbered(INTAKE, 1))
    with pytest.raises(ServiceOverloaded, match="it is full"):
        spool.append(numbered(INTAKE, 10))


def test_usage_tells_what_waits_and_since_when(folder: Path) -> None:
    spool = SpoolWriter(folder, clock_ns=iter([1_700_000_000_123_456_789, 1_700_000_009_000_000_000]).__next__)
    spool.append(numbered(INTAKE, 2))
    spool.close_segment()
    spool.append(numbered(INTAKE, 2))
    (folder / "x.seg.torn").write_bytes(b"12345")
    total = sum(path.stat().st_size for path in segments(folder))
    assert spool.usage() == (2, total, 5, 1_700_000_000_123)
