"""A receipt: one webhook as it was acknowledged, on its way from the ingress to classification."""

import os
import struct
from contextlib import suppress
from itertools import count
from typing import NamedTuple

from shared.errors import SluiceError

_VERSION = 1
#: The same, with a trace context (see shared/observability/tracing) between head and body: its length, then its text.
_TRACED = 2
_HEAD = struct.Struct(">B8sIQB")  # version, process, number in it, milliseconds since 1970, route
_LENGTH = struct.Struct(">H")
ROUTES = ("", "messages", "statuses")  # what followed /webhooks/ in the path


class InvalidReceipt(SluiceError):
    """Bytes that are no receipt of a version this program knows."""


class Receipt(NamedTuple):
    """One acknowledged webhook: its id (hexadecimal), time of receipt (ms since 1970), route and raw body; and the
    context of the trace that it is a part of, if any."""

    id: str
    received_ms: int
    route: str
    body: bytes
    trace: str = ""


class ReceiptWriter:
    """Packs receipts. Ids are unique across processes: 8 random bytes a writer, then a running number."""

    def __init__(self) -> None:
        self._process = os.urandom(8)
        self._process_hex = self._process.hex()
        self._numbers = count()

    def pack(self, body: bytes, received_ms: int, route: str = "") -> tuple[str, bytes]:
        """Id and bytes of a new receipt: 22 bytes of head, then the body untouched."""
        number = next(self._numbers) & 0xFFFFFFFF
        head = _HEAD.pack(_VERSION, self._process, number, received_ms, ROUTES.index(route))
        return f"{self._process_hex}{number:08x}", head + body


def pack(receipt: Receipt) -> bytes:
    """The bytes that `unpack` makes this receipt of."""
    identity = bytes.fromhex(receipt.id)
    trace = receipt.trace.encode()
    version = _TRACED if trace else _VERSION
    number = int.from_bytes(identity[8:])
    head = _HEAD.pack(version, identity[:8], number, receipt.received_ms, ROUTES.index(receipt.route))
    return b"".join((head, _LENGTH.pack(len(trace)) if trace else b"", trace, receipt.body))


def unpack(data: bytes) -> Receipt:
    """The receipt in `data`. Raises InvalidReceipt."""
    try:
        version, process, number, received_ms, route = _HEAD.unpack_from(data)
        length = _LENGTH.unpack_from(data, _HEAD.size)[0] + _LENGTH.size if version == _TRACED else 0
    except struct.error:
        raise InvalidReceipt(f"{len(data)} bytes are too few for a receipt") from None
    if version not in (_VERSION, _TRACED) or route >= len(ROUTES):
        raise InvalidReceipt(f"a receipt of version {version} and route {route} is not known here")
    body = _HEAD.size + length
    if body > len(data):
        raise InvalidReceipt(f"{len(data)} bytes are too few for a receipt with such a trace")
    trace = data[_HEAD.size + _LENGTH.size : body].decode("ascii", "replace")
    return Receipt(f"{process.hex()}{number:08x}", received_ms, ROUTES[route], data[body:], trace)


def trace_of(data: bytes) -> str:
    """The context of the trace that the receipt in `data` is a part of; empty for none, or where it is no receipt."""
    with suppress(InvalidReceipt):
        return unpack(data).trace
    return ""
