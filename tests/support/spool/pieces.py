"""Stand-ins and short cuts for the tests of the spool."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from ingress.spool import codec
from shared.errors import ServiceOverloaded

INTAKE, LARGE, STATUSES = LANES = ("intake", "intake.large", "intake.statuses")
Record = tuple[str, bytes]
#: Of a segment that `leave` makes.
LEFT_NAME = "00000000000000000001-00000000.seg"


class FakeRedis:
    """Takes what is pushed, unless `down` is set. `unsure`: takes it, and answers as if it had not."""

    def __init__(self, clock: Callable[[], float] = lambda: 0.0) -> None:
        self.taken: list[Record] = []
        self.calls: list[tuple[float, str, int]] = []  # when, lane, receipts
        self.pings: list[float] = []
        self.down: Exception | None = None
        self.unsure = False
        self.full_lanes: set[str] = set()
        self.most = 1 << 30  # receipts that it takes in one push
        self._clock = clock

    async def push(self, lane: str, receipts: Sequence[bytes]) -> None:
        self.calls.append((self._clock(), lane, len(receipts)))
        await asyncio.sleep(0)
        if self.down is not None and not self.unsure:
            raise self.down
        if lane in self.full_lanes or len(receipts) > self.most:
            raise ServiceOverloaded("too many webhooks are waiting")
        self.taken += [(lane, bytes(receipt)) for receipt in receipts]
        if self.down is not None:
            raise self.down

    async def ping(self) -> str | None:
        self.pings.append(self._clock())
        return None if self.down is None else "Redis cannot be reached"

    def of(self, lane: str) -> list[bytes]:
        """What it took for that lane, in order."""
        return [receipt for each, receipt in self.taken if each == lane]


def numbered(lane: str, count: int, start: int = 0) -> list[Record]:
    """Records that tell their lane and number."""
    return [(lane, f"{lane}/{number}".encode()) for number in range(start, start + count)]


def segments(folder: Path) -> list[Path]:
    """The segments' files, oldest first."""
    return sorted(folder.glob("*.seg"))


def files(folder: Path) -> dict[str, bytes]:
    """All there is in the folder, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def obstruct(folder: Path) -> None:
    """Puts a file where the folder should be."""
    folder.parent.mkdir(parents=True)
    folder.write_text("in the way")


def clear_away(obstruction: Path) -> None:
    """Removes that file."""
    obstruction.unlink()


def contents(path: Path) -> list[Record]:
    """The whole records of a segment."""
    return [(found.lane, found.receipt) for found in codec.records(path.read_bytes())]


def all_contents(folder: Path) -> list[Record]:
    """The whole records of all segments, oldest first."""
    return [record for path in segments(folder) for record in contents(path)]


def segment_bytes(records: Sequence[Record], salt: int = 0x5EED) -> bytes:
    """The bytes of a segment on disk."""
    return codec.file_head(salt) + b"".join(codec.pack(*record, salt) for record in records)


def leave(folder: Path, data: bytes) -> None:
    """A segment of an earlier run, with these bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / LEFT_NAME).write_bytes(data)


def flipped(data: bytes, at: int) -> bytes:
    """The same with a bit of that byte flipped."""
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]
