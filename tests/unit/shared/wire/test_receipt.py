"""A packed receipt is unpacked unchanged, and nothing else is taken for one."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.wire.receipt import ROUTES, InvalidReceipt, Receipt, ReceiptWriter, pack, trace_of, unpack

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@given(body=st.binary(max_size=200), received_ms=st.integers(0, 2**64 - 1), route=st.sampled_from(ROUTES))
def test_a_receipt_comes_back_as_it_was_packed(body: bytes, received_ms: int, route: str) -> None:
    identity, packed = ReceiptWriter().pack(body, received_ms, route)

    assert unpack(packed) == Receipt(identity, received_ms, route, body)
    assert packed.endswith(body)
    assert len(packed) == len(body) + 22


@given(
    body=st.binary(max_size=200),
    received_ms=st.integers(0, 2**64 - 1),
    route=st.sampled_from(ROUTES),
    trace=st.text(st.characters(codec="ascii"), max_size=600),
    identity=st.binary(min_size=12, max_size=12),
)
def test_a_receipt_of_a_trace_comes_back_too(
    body: bytes, received_ms: int, route: str, trace: str, identity: bytes
) -> None:
    receipt = Receipt(identity.hex(), received_ms, route, body, trace)
    packed = pack(receipt)

    assert unpack(packed) == receipt
    assert len(packed) == 22 + (2 + len(trace) if trace else 0) + len(body)


def test_a_receipt_of_no_trace_is_the_same_to_the_byte() -> None:
    _, packed = ReceiptWriter().pack(b'{"a":1}', 1_777_600_000_000, "messages")

    assert packed[0] == 1
    assert pack(unpack(packed)) == packed
    assert pack(unpack(packed)._replace(trace=TRACE))[0] == 2
    assert pack(unpack(pack(unpack(packed)._replace(trace=TRACE)))._replace(trace="")) == packed


def test_the_trace_of_what_is_no_receipt_is_none() -> None:
    traced = pack(Receipt("00" * 12, 1, "", b"{}", TRACE))

    assert [trace_of(data) for data in (traced, pack(unpack(traced)._replace(trace="")), b"", b"junk")] == [
        TRACE,
        "",
        "",
        "",
    ]


def test_ids_differ_within_a_writer_and_between_writers() -> None:
    writers = [ReceiptWriter() for _ in range(20)]
    ids = [writer.pack(b"", 0)[0] for writer in writers for _ in range(50)]

    assert len(set(ids)) == 1000
    assert all(len(identity) == 24 and int(identity, 16) >= 0 for identity in ids)


def test_a_writer_that_has_counted_to_its_end_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = ReceiptWriter()
    monkeypatch.setattr(writer, "numbers", iter([2**32 - 1, 2**32, 2**32 + 1]))

    assert [writer.pack(b"", 0)[0][16:] for _ in range(3)] == ["ffffffff", "00000000", "00000001"]


@pytest.mark.parametrize("length", range(22))
def test_too_few_bytes_are_no_receipt(length: int) -> None:
    _, packed = ReceiptWriter().pack(b"", 1)
    with pytest.raises(InvalidReceipt, match=f"^{length} bytes are too short for a receipt$"):
        unpack(packed[:length])


@pytest.mark.parametrize(("version", "route"), [(0, 0), (3, 0), (255, 0), (1, 3), (1, 255)])
def test_a_receipt_of_another_version_or_route_is_not_guessed_at(version: int, route: int) -> None:
    _, packed = ReceiptWriter().pack(b"{}", 1)
    changed = bytes([version]) + packed[1:21] + bytes([route]) + packed[22:]
    with pytest.raises(InvalidReceipt, match=f"^unknown receipt version {version} or route {route}$"):
        unpack(changed)


@pytest.mark.parametrize("length", range(22, 22 + 2 + len(TRACE)))
def test_a_receipt_that_ends_within_its_trace_is_none(length: int) -> None:
    with pytest.raises(InvalidReceipt, match=f"^{length} bytes are too short for a receipt"):
        unpack(pack(Receipt("00" * 12, 1, "", b"", TRACE))[:length])


@given(data=st.binary(max_size=60) | st.binary(max_size=60).map(lambda data: b"\x02" + data))
def test_any_bytes_are_a_receipt_or_a_bad_one(data: bytes) -> None:
    with contextlib.suppress(InvalidReceipt):
        assert isinstance(unpack(data), Receipt)


def test_a_receipt_has_not_changed_its_form() -> None:
    # Receipts outlive the program that wrote them: they wait in Redis through an upgrade.
    packed = bytes.fromhex("0100112233445566770000002a0000019a0000000002") + b'{"a":1}'

    assert unpack(packed) == Receipt("00112233445566770000002a", 0x019A00000000, "statuses", b'{"a":1}')
    assert ROUTES == ("", "messages", "statuses")


def test_a_receipt_of_a_trace_has_not_changed_its_form() -> None:
    packed = bytes.fromhex("0200112233445566770000002a0000019a00000000020037") + TRACE.encode() + b'{"a":1}'

    assert unpack(packed) == Receipt("00112233445566770000002a", 0x019A00000000, "statuses", b'{"a":1}', TRACE)
