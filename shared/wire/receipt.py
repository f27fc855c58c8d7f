"""The format of a receipt: one acknowledged webhook, on its way from the ingress to classification."""

import os
import struct
from contextlib import suppress
from itertools import count
from typing import NamedTuple

from shared.errors import SluiceError

_VERSION = 1
#: A receipt with a trace context (see shared/observability/tracing) between head and body: its length, then its text.
_VERSION_WITH_TRACE = 2
_HEAD = struct.Struct(">B8sIQB")  # version, process, number within it, milliseconds since 1970, route
_LENGTH = struct.Struct(">H")
ROUTES = ("", "messages", "statuses")  # what followed /webhooks/ in the path


class InvalidReceipt(SluiceError):
    """The bytes are not a receipt of a known version."""


class Receipt(NamedTuple):
    """One acknowledged webhook."""

    id: str  # hexadecimal
    received_ms: int  # when it was received, in milliseconds since 1970
    route: str  # one of ROUTES
    body: bytes  # the raw bytes that were sent
    trace: str = ""  # context of the trace that it belongs to, if any


class ReceiptWriter:
    """Packs new receipts. Ids are unique across processes: 8 random bytes per writer, then a running number."""

    def __init__(self) -> None:
        self._process = os.urandom(8)
        self._process_hex = self._process.hex()
        self.numbers = count()

    def pack(self, body: bytes, received_ms: int, route: str = "", trace: str = "") -> tuple[str, bytes]:
        """Return the id and the bytes of a new receipt. Without a trace these are a head of 22 bytes and the body."""
        number = next(self.numbers) & 0xFFFFFFFF
        version = _VERSION_WITH_TRACE if trace else _VERSION
        head = _HEAD.pack(version, self._process, number, received_ms, ROUTES.index(route))
        packed = b"".join((head, _pack_trace(trace), body)) if trace else head + body
        return f"{self._process_hex}{number:08x}", packed


def pack(receipt: Receipt) -> bytes:
    """Return the bytes of a receipt, from which `unpack` makes it again."""
    identity = bytes.fromhex(receipt.id)
    version = _VERSION_WITH_TRACE if receipt.trace else _VERSION
    number = int.from_bytes(identity[8:])
    head = _HEAD.pack(version, identity[:8], number, receipt.received_ms, ROUTES.index(receipt.route))
    return b"".join((head, _pack_trace(receipt.trace), receipt.body))


def unpack(data: bytes) -> Receipt:
    """Return the receipt in `data`. Raises InvalidReceipt."""
    try:
        version, process, number, received_ms, route = _HEAD.unpack_from(data)
        length = _LENGTH.unpack_from(data, _HEAD.size)[0] + _LENGTH.size if version == _VERSION_WITH_TRACE else 0
    except struct.error:
        raise InvalidReceipt(f"{len(data)} bytes are too short for a receipt") from None
    if version not in (_VERSION, _VERSION_WITH_TRACE) or route >= len(ROUTES):
        raise InvalidReceipt(f"unknown receipt version {version} or route {route}")
    body = _HEAD.size + length
    if body > len(data):
        raise InvalidReceipt(f"{len(data)} bytes are too short for a receipt with a trace of {length} bytes")
    trace = data[_HEAD.size + _LENGTH.size : body].decode("ascii", "replace")
    return Receipt(f"{process.hex()}{number:08x}", received_ms, ROUTES[route], data[body:], trace)


def trace_of(data: bytes) -> str:
    """Return the trace context of the receipt in `data`; "" if it has none, or if `data` is not a receipt."""
    with suppress(InvalidReceipt):
        return unpack(data).trace
    return ""


def _pack_trace(trace: str) -> bytes:
    text = trace.encode()
    return _LENGTH.pack(len(text)) + text if text else b""
