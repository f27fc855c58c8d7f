"""What a segment looks like, byte by byte. Big-endian; nothing here touches a file.

    file    magic (6), version (2), salt (4), CRC of these (4)
    record  receipt's length (4), lane's length (1), CRC of lane and receipt (4), CRC of these (4), lane, receipt

CRC-32 (zlib's), because the enemy is a torn write or a bad disk, not a person: it finds every single flipped bit and
every damage of up to 32 bits in a row, and misses one in 2^32 of all others; it is in the standard library and costs
nothing beside the fsync. Whoever can write into the folder can forge a record, whatever its checksum.

The head has a CRC of its own, so that a damaged length is known for damaged before it is believed. Each CRC begins with
the file's random salt, as in SQLite's WAL ("Database File Format", 4.1 and 4.2): blocks of an older segment that a file
system brings back after a power cut are no records of this one. A lane's name is never empty, so zeros are no record.

**Reading stops at the first record that is not whole; what follows is never searched for more.** Behind a damaged head
the next boundary would be a guess among bytes that senders chose, and a wrong guess would drain a webhook nobody sent.
A block gone bad says little for its neighbours either. The rest is set aside, whole, for a person to look at.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple
from zlib import crc32

from shared.errors import SluiceError

_MAGIC = b"SLSPOL"
_VERSION = 1
_FILE = struct.Struct(">6sHI")
_HEAD = struct.Struct(">IBI")
_CRC = struct.Struct(">I")
FILE_HEAD_BYTES = _FILE.size + _CRC.size
HEAD_BYTES = _HEAD.size + _CRC.size
_MAX_LANE_BYTES = 0xFF
_MAX_RECEIPT_BYTES = 0xFFFFFFFF


class UnknownVersion(SluiceError):
    """A segment that another version of this program wrote. It is whole, and nothing of ours can read it."""


class DecodedRecord(NamedTuple):
    """A whole record, and the offset behind it."""

    lane: str
    receipt: bytes
    end: int


class SegmentSummary(NamedTuple):
    """What is in a segment: records by lane, where the last whole one ends, and what is wrong behind it or ""."""

    records: dict[str, int]
    end: int
    damage: str


def file_head(salt: int) -> bytes:
    """What a segment begins with. `salt` is any 32 bits, drawn anew for each segment."""
    head = _FILE.pack(_MAGIC, _VERSION, salt)
    return head + _CRC.pack(crc32(head))


def pack(lane: str, receipt: bytes, salt: int) -> bytes:
    """A record. Raises ValueError where the lane has not 1 to 255 bytes in UTF-8, or the receipt 4 GiB or more."""
    name = lane.encode()
    if not 1 <= len(name) <= _MAX_LANE_BYTES or len(receipt) > _MAX_RECEIPT_BYTES:
        raise ValueError("a record needs a lane of 1 to 255 bytes and a receipt of less than 4 GiB")
    head = _HEAD.pack(len(receipt), len(name), crc32(receipt, crc32(name, salt)))
    return b"".join((head, _CRC.pack(crc32(head, salt)), name, receipt))


def packed_size(lane: str, receipt: bytes) -> int:
    """Bytes that the record will have."""
    return HEAD_BYTES + len(lane.encode()) + len(receipt)


def records(data: bytes, start: int = FILE_HEAD_BYTES) -> Iterator[DecodedRecord]:
    """The segment's records from an offset on, up to the first that is not whole. Raises UnknownVersion."""
    salt = _salt(data)
    while salt is not None and (found := _record_at(data, start, salt)):
        yield found
        start = found.end


def summarize_segment(data: bytes) -> SegmentSummary:
    """What is in a segment. Raises UnknownVersion."""
    counts: dict[str, int] = {}
    end = FILE_HEAD_BYTES if _salt(data) is not None else 0
    for found in records(data):
        counts[found.lane] = counts.get(found.lane, 0) + 1
        end = found.end
    return SegmentSummary(counts, end, _damage(data, end))


def read_batch(data: bytes, lane: str, start: int, most: int, most_bytes: int) -> tuple[list[bytes], int]:
    """The lane's next receipts from an offset on, up to `most` and `most_bytes` but at least one, and the offset behind
    all that was looked at."""
    receipts: list[bytes] = []
    size = 0
    for found in records(data, start):
        if found.lane == lane:
            size += len(found.receipt)
            if receipts and (len(receipts) == most or size > most_bytes):
                break
            receipts.append(found.receipt)
        start = found.end
    return receipts, start


def _salt(data: bytes) -> int | None:
    """The segment's salt; None where its head is damaged."""
    if len(data) < FILE_HEAD_BYTES:
        return None
    magic, version, salt = _FILE.unpack_from(data)
    if magic != _MAGIC or _CRC.unpack_from(data, _FILE.size)[0] != crc32(data[: _FILE.size]):
        return None
    if version != _VERSION:
        raise UnknownVersion(f"a segment of version {version} is not known here")
    return int(salt)


def _record_at(data: bytes, at: int, salt: int) -> DecodedRecord | None:
    body = at + HEAD_BYTES
    if body > len(data):
        return None
    length, lane_length, crc = _HEAD.unpack_from(data, at)
    head_crc = _CRC.unpack_from(data, at + _HEAD.size)[0]
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
