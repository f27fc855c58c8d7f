"""The format of a segment, byte by byte. All numbers are big-endian. Nothing here accesses a file.

    file    magic (6), version (2), salt (4), CRC of these (4)
    record  receipt's length (4), lane's length (1), CRC of lane and receipt (4), CRC of these (4), lane, receipt

CRC-32 (zlib's), because the threat is a torn write or a bad disk, not a person: it detects every single flipped bit and
all damage of up to 32 consecutive bits, and misses one in 2^32 of all other damage. It is in the standard library and
costs nothing compared to the fsync. Anyone with write access to the folder can forge a record, whatever its checksum.

The record's head has a CRC of its own, so that a damaged length is detected before it is used. Each CRC starts with the
file's random salt, as in SQLite's WAL ("Database File Format", 4.1 and 4.2): blocks of an older segment that a file
system brings back after a power cut are not valid records of this one. A lane's name is never empty, so zeros are not a
record.

**Reading stops at the first record that is not valid; the rest is never searched for more.** Behind a damaged head the
next boundary would be a guess among bytes that senders chose, and a wrong guess would drain a webhook that was never
sent. A bad block also makes its neighbours suspicious. The rest is set aside, whole, for a person to look at.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple
from zlib import crc32

from shared.errors import SluiceError

_MAGIC = b"SLSPOL"
_VERSION = 1
FILE_HEAD = struct.Struct(">6sHI")
_HEAD = struct.Struct(">IBI")
CHECKSUM = struct.Struct(">I")
FILE_HEAD_BYTES = FILE_HEAD.size + CHECKSUM.size
HEAD_BYTES = _HEAD.size + CHECKSUM.size
_MAX_LANE_BYTES = 0xFF
_MAX_RECEIPT_BYTES = 0xFFFFFFFF


class UnknownVersion(SluiceError):
    """The segment was written by another version of Sluice. It is intact, but cannot be read here."""


class DecodedRecord(NamedTuple):
    """A valid record, and the offset behind it."""

    lane: str
    receipt: bytes
    end: int


class SegmentSummary(NamedTuple):
    """The contents of a segment: records by lane, the end of the last valid one, and the damage behind it.

    `damage` is "" if there is none.
    """

    records: dict[str, int]
    end: int
    damage: str


def file_head(salt: int) -> bytes:
    """Return the beginning of a segment. `salt` is 32 random bits, different for each segment."""
    head = FILE_HEAD.pack(_MAGIC, _VERSION, salt)
    return head + CHECKSUM.pack(crc32(head))


def pack(lane: str, receipt: bytes, salt: int) -> bytes:
    """Return a record's bytes.

    Raises ValueError unless the lane has 1 to 255 bytes in UTF-8 and the receipt less than 4 GiB.
    """
    name = lane.encode()
    if not 1 <= len(name) <= _MAX_LANE_BYTES or len(receipt) > _MAX_RECEIPT_BYTES:
        raise ValueError("a record needs a lane of 1 to 255 bytes and a receipt of less than 4 GiB")
    head = _HEAD.pack(len(receipt), len(name), crc32(receipt, crc32(name, salt)))
    return b"".join((head, CHECKSUM.pack(crc32(head, salt)), name, receipt))


def packed_size(lane: str, receipt: bytes) -> int:
    """Return the size of the record in bytes."""
    return HEAD_BYTES + len(lane.encode()) + len(receipt)


def records(data: bytes, start: int = FILE_HEAD_BYTES) -> Iterator[DecodedRecord]:
    """Yield the segment's records from an offset on, up to the first invalid one. Raises UnknownVersion."""
    salt = _salt(data)
    while salt is not None and (record := _record_at(data, start, salt)):
        yield record
        start = record.end


def summarize_segment(data: bytes) -> SegmentSummary:
    """Return what a segment contains. Raises UnknownVersion."""
    counts: dict[str, int] = {}
    end = FILE_HEAD_BYTES if _salt(data) is not None else 0
    for record in records(data):
        counts[record.lane] = counts.get(record.lane, 0) + 1
        end = record.end
    return SegmentSummary(counts, end, _damage(data, end))


def read_batch(data: bytes, lane: str, start: int, max_records: int, max_bytes: int) -> tuple[list[bytes], int]:
    """Return the lane's next receipts from an offset on, and the offset behind everything that was read.

    There are up to `max_records` with up to `max_bytes` together, but at least one if the lane has any left.
    """
    receipts: list[bytes] = []
    size = 0
    for record in records(data, start):
        if record.lane == lane:
            size += len(record.receipt)
            if receipts and (len(receipts) == max_records or size > max_bytes):
                break
            receipts.append(record.receipt)
        start = record.end
    return receipts, start


def _salt(data: bytes) -> int | None:
    """Return the segment's salt, or None if its head is damaged."""
    if len(data) < FILE_HEAD_BYTES:
        return None
    magic, version, salt = FILE_HEAD.unpack_from(data)
    if magic != _MAGIC or CHECKSUM.unpack_from(data, FILE_HEAD.size)[0] != crc32(data[: FILE_HEAD.size]):
        return None
    if version != _VERSION:
        raise UnknownVersion(f"unknown segment version {version}")
    return int(salt)


def _record_at(data: bytes, at: int, salt: int) -> DecodedRecord | None:
    body = at + HEAD_BYTES
    if body > len(data):
        return None
    length, lane_length, crc = _HEAD.unpack_from(data, at)
    head_crc = CHECKSUM.unpack_from(data, at + _HEAD.size)[0]
    if not lane_length or crc32(data[at : at + _HEAD.size], salt) != head_crc:
        return None
    receipt, end = body + lane_length, body + lane_length + length
    if end > len(data) or crc32(data[body:end], salt) != crc:
        return None
    return DecodedRecord(data[body:receipt].decode(), data[receipt:end], end)


def _damage(data: bytes, at: int) -> str:
    rest = data[at:]
    if not rest:
        return ""
    return "zeros" if not any(rest) else "an incomplete or damaged record"
