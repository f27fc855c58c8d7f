"""However a segment is damaged, what is read of it is a prefix of what was written: never a wrong record."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ingress.spool import codec
from tests.support.examples import examples
from tests.support.spool.pieces import Record, segment_bytes

_lanes = st.sampled_from(["intake", "intake.statuses", "x", "ä" * 100])
_records = st.lists(st.tuples(_lanes, st.binary(max_size=60)), max_size=8)
_salts = st.integers(0, 0xFFFFFFFF)


def _read(data: bytes) -> list[Record]:
    return [(found.lane, found.receipt) for found in codec.records(data)]


def _ends(records: list[Record]) -> list[int]:
    """Where each record ends."""
    ends, at = [], codec.FILE_HEAD_BYTES
    for record in records:
        at += codec.packed_size(*record)
        ends.append(at)
    return ends


@given(_records, _salts, st.data())
@settings(max_examples=examples(200))
def test_a_truncated_segment_has_exactly_the_records_that_are_still_whole(
    records: list[Record], salt: int, data: st.DataObject
) -> None:
    whole = segment_bytes(records, salt)
    length = data.draw(st.integers(0, len(whole)))
    kept = sum(end <= length for end in _ends(records))
    assert _read(whole[:length]) == records[:kept]


@given(_records, _salts, st.data())
@settings(max_examples=examples(400))
def test_a_flipped_bit_costs_its_record_and_what_follows_and_nothing_before(
    records: list[Record], salt: int, data: st.DataObject
) -> None:
    whole = bytearray(segment_bytes(records, salt))
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8
    kept = sum(end <= bit // 8 for end in _ends(records)) if bit // 8 >= codec.FILE_HEAD_BYTES else 0
    assert _read(bytes(whole)) == records[:kept]


@given(_records, _salts, st.data())
@settings(max_examples=examples(200))
def test_whatever_overwrites_a_part_of_a_segment_is_not_read_as_a_record(
    records: list[Record], salt: int, data: st.DataObject
) -> None:
    whole = segment_bytes(records, salt)
    start = data.draw(st.integers(codec.FILE_HEAD_BYTES, len(whole)))
    junk = data.draw(st.one_of(st.binary(max_size=200), st.integers(0, 200).map(bytes), st.just(whole)))
    read = _read(whole[:start] + junk + whole[start + len(junk) :])
    assert read == records[: len(read)]


@given(_records, st.binary(max_size=300))
@settings(max_examples=examples(200))
def test_bytes_behind_the_last_record_change_nothing(records: list[Record], junk: bytes) -> None:
    assert _read(segment_bytes(records) + junk) == records


@given(st.binary(max_size=300))
@settings(max_examples=examples(100))
def test_any_bytes_can_be_surveyed(data: bytes) -> None:
    found = codec.summarize_segment(data)
    assert found.end <= len(data)
    assert bool(found.damage) == (found.end < len(data))
