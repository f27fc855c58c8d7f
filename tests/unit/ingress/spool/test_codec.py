"""The segment's format, as tables: what is read of a file that is whole, and of one that is not."""

import struct
from zlib import crc32

import pytest

from ingress.spool import codec
from ingress.spool.codec import FILE_HEAD_BYTES, HEAD_BYTES, SegmentSummary
from tests.support.spool.pieces import Record, segment_bytes

_RECORDS: list[Record] = [("intake", b"one"), ("intake.statuses", b""), ("intake", b"\0" * 40)]
_WHOLE = segment_bytes(_RECORDS)
_LAST = len(_WHOLE) - codec.packed_size(*_RECORDS[-1])  # where the last record begins
_INCOMPLETE = "an incomplete or damaged record"


def _read(data: bytes) -> list[Record]:
    return [(found.lane, found.receipt) for found in codec.records(data)]


@pytest.mark.parametrize(
    "records",
    [[], [("a", b"")], [("a" * 255, b"x" * 100_000)], [("spur-ä", bytes(range(256)))], _RECORDS],
)
def test_what_is_packed_is_read(records: list[Record]) -> None:
    data = segment_bytes(records)
    assert _read(data) == records
    assert (
        codec.summarize_segment(data).end
        == len(data)
        == FILE_HEAD_BYTES + sum(codec.packed_size(*each) for each in records)
    )
    assert codec.summarize_segment(data).damage == ""


def test_a_survey_counts_the_records_of_each_lane() -> None:
    assert codec.summarize_segment(_WHOLE) == SegmentSummary({"intake": 2, "intake.statuses": 1}, len(_WHOLE), "")


@pytest.mark.parametrize("lane", ["", "a" * 256, "ä" * 128])
def test_a_lane_has_1_to_255_bytes(lane: str) -> None:
    with pytest.raises(ValueError, match="1 to 255 bytes"):
        codec.pack(lane, b"", 1)


@pytest.mark.parametrize(
    ("data", "kept", "damage"),
    [
        pytest.param(b"", 0, "", id="nothing was written yet"),
        pytest.param(_WHOLE[: FILE_HEAD_BYTES - 1], 0, _INCOMPLETE, id="half a file head"),
        pytest.param(_WHOLE[:FILE_HEAD_BYTES], 0, "", id="no record yet"),
        pytest.param(_WHOLE[: _LAST + 6], 2, _INCOMPLETE, id="half a head"),
        pytest.param(_WHOLE[: _LAST + HEAD_BYTES], 2, _INCOMPLETE, id="a head without its body"),
        pytest.param(_WHOLE[:-1], 2, _INCOMPLETE, id="a body without its last byte"),
        pytest.param(_WHOLE + b"\0", 3, "zeros", id="a zero behind"),
        pytest.param(_WHOLE + bytes(HEAD_BYTES), 3, "zeros", id="a head of zeros behind"),
        pytest.param(_WHOLE + bytes(4096), 3, "zeros", id="a page of zeros behind"),
        pytest.param(_WHOLE[:_LAST] + bytes(len(_WHOLE) - _LAST), 2, "zeros", id="zeros in place of a record"),
        pytest.param(_WHOLE[:-1] + b"\1", 2, _INCOMPLETE, id="a wrong last byte"),
        pytest.param(_WHOLE[:_LAST] + b"\1" + _WHOLE[_LAST + 1 :], 2, _INCOMPLETE, id="a length of 16 MiB more"),
        pytest.param(b"X" + _WHOLE[1:], 0, _INCOMPLETE, id="no segment at all"),
        pytest.param(bytes(5000), 0, "zeros", id="a file of zeros"),
        pytest.param(_WHOLE + segment_bytes(_RECORDS, 77), 3, _INCOMPLETE, id="another segment behind"),
        pytest.param(
            _WHOLE + segment_bytes(_RECORDS, 77)[FILE_HEAD_BYTES:], 3, _INCOMPLETE, id="another segment's blocks behind"
        ),
    ],
)
def test_of_a_damaged_segment_the_records_before_the_damage_are_read(data: bytes, kept: int, damage: str) -> None:
    assert _read(data) == _RECORDS[:kept]
    found = codec.summarize_segment(data)
    assert found.damage == damage
    assert sum(found.records.values()) == kept
    assert data[: found.end] == (segment_bytes(_RECORDS[:kept])[: found.end])


def test_damage_in_the_middle_ends_the_reading_though_whole_records_follow() -> None:
    middle = FILE_HEAD_BYTES + codec.packed_size(*_RECORDS[0]) + HEAD_BYTES
    data = _WHOLE[:middle] + bytes([_WHOLE[middle] ^ 1]) + _WHOLE[middle + 1 :]
    assert _read(data) == _RECORDS[:1]
    assert codec.summarize_segment(data).damage == _INCOMPLETE


@pytest.mark.parametrize("salt", [0, 1, 0xFFFFFFFF])
@pytest.mark.parametrize("size", [1, HEAD_BYTES - 1, HEAD_BYTES, 4096])
def test_zeros_are_no_record_whatever_the_salt(salt: int, size: int) -> None:
    assert codec.summarize_segment(codec.file_head(salt) + bytes(size)) == SegmentSummary({}, FILE_HEAD_BYTES, "zeros")


def test_a_segment_of_another_version_is_not_taken_for_damaged() -> None:
    head = struct.pack(">6sHI", b"SLSPOL", 2, 1)
    with pytest.raises(codec.UnknownVersion, match="version 2"):
        codec.summarize_segment(head + struct.pack(">I", crc32(head)) + b"whatever it holds")


@pytest.mark.parametrize(
    ("most", "most_bytes", "portions"),
    [
        (10, 1000, [[b"a" * 10, b"b" * 20, b"c" * 30]]),
        (2, 1000, [[b"a" * 10, b"b" * 20], [b"c" * 30]]),
        (10, 30, [[b"a" * 10, b"b" * 20], [b"c" * 30]]),
        (10, 29, [[b"a" * 10], [b"b" * 20], [b"c" * 30]]),
        (10, 1, [[b"a" * 10], [b"b" * 20], [b"c" * 30]]),
    ],
)
def test_a_portion_is_bounded_in_records_and_bytes_but_holds_at_least_one(
    most: int, most_bytes: int, portions: list[list[bytes]]
) -> None:
    data = segment_bytes([("x", b"?"), ("l", b"a" * 10), ("x", b"?"), ("l", b"b" * 20), ("l", b"c" * 30), ("x", b"?")])
    at, found = FILE_HEAD_BYTES, []
    while at < len(data):
        receipts, at = codec.read_batch(data, "l", at, most, most_bytes)
        found.append(receipts)
    assert found == portions
