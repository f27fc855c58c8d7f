"""A receipt: one webhook as it was acknowledged, on its way from the ingress to classification."""

import os
import struct
from itertools import count
from typing import NamedTuple

from shared.errors import SluiceError

_VERSION = 1
_HEAD = struct.Struct(">B8sIQB")  # version, process, number in it, milliseconds since 1970, route
ROUTES = ("", "messages", "statuses")  # what followed /webhooks/ in the path


class BadReceipt(SluiceError):
    """Bytes that are no receipt of a version this program knows."""


class Receipt(NamedTuple):
    """One acknowledged webhook: its id (hexadecimal), time of receipt (ms since 1970), route and raw body."""

    id: str
    received_ms: int
    route: str
    body: bytes


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


def unpack(data: bytes) -> Receipt:
    """The receipt in `data`. Raises BadReceipt."""
    try:
        version, process, number, received_ms, route = _HEAD.unpack_from(data)
    except struct.error:
        raise BadReceipt(f"{len(data)} bytes are too few for a receipt") from None
    if version != _VERSION or route >= len(ROUTES):
        raise BadReceipt(f"a receipt of version {version} and route {route} is not known here")
    return Receipt(f"{process.hex()}{number:08x}", received_ms, ROUTES[route], data[_HEAD.size :])
