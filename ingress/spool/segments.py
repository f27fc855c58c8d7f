"""The segment that this process appends to."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ingress.spool import codec, files
from ingress.spool.claims import QUARANTINE_SUFFIX

SUFFIX = ".seg"
_TRIES = 10
SpoolRecord = tuple[str, bytes]  # lane, receipt


def segment_name(time_ns: int) -> str:
    """A new name: they sort by time, and several processes never draw the same."""
    return f"{time_ns:020d}-{os.urandom(4).hex()}{SUFFIX}"


def opened_ms(name: str) -> int:
    """When a segment of that name was begun, in ms since 1970; 0 where the name is none of ours."""
    digits = name.partition("-")[0]
    return int(digits) // 1_000_000 if digits.isascii() and digits.isdigit() else 0


class Segment:
    """One file, locked for as long as it is open. Every method may raise OSError.

    `size` counts the bytes that are surely on disk. `sound` is False once no more may be appended: after a failed fsync
    Linux takes the pages that could not be written for clean, so that a second fsync succeeds without having written
    them (PostgreSQL wiki, "Fsync Errors"; Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC
    2020, 3.4). Whatever is appended behind such a hole would be acknowledged and lost. What was synced before is not
    touched by it: the file is closed as it is, and read up to its last whole record.
    """

    def __init__(self, folder: Path, time_ns: int) -> None:
        self.lanes: set[str] = set()
        self.size = 0
        self.sound = True
        self._folder = folder
        self._salt = int.from_bytes(os.urandom(4))
        self.name, self._fd = _create(folder, time_ns)

    def append(self, records: Sequence[SpoolRecord]) -> None:
        """Returns once all of them are on disk: one write, one fsync. Raises OSError, and none counts as appended."""
        packed = [codec.pack(lane, receipt, self._salt) for lane, receipt in records]
        data = b"".join(packed if self.size else [codec.file_head(self._salt), *packed])
        self._write(data)
        self._sync()
        self.size += len(data)
        self.lanes.update(lane for lane, _ in records)

    def close(self) -> None:
        """Gives it up to whoever drains it. One without a record is removed."""
        if not self.size:
            with suppress(OSError):  # it is found empty, and removed, by whoever drains
                (self._folder / self.name).unlink()
        with suppress(OSError):  # nothing of it was unsynced
            os.close(self._fd)

    def _write(self, data: bytes) -> None:
        try:
            files.write_all(self._fd, data, self.size)
        except OSError as error:
            self.sound = self._cut() and error.errno in files.OUT_OF_SPACE
            raise

    def _cut(self) -> bool:
        """Takes a part of a record off the end again, which also gives its space back."""
        try:
            os.ftruncate(self._fd, self.size)
        except OSError:
            return False
        return True

    def _sync(self) -> None:
        try:
            os.fsync(self._fd)
            if not self.size:
                files.sync_folder(self._folder)
        except OSError:
            self.sound = False
            raise


def _create(folder: Path, time_ns: int) -> tuple[str, int]:
    for _ in range(_TRIES):
        name = segment_name(time_ns)
        path = folder / name
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            if files.lock(fd, path):
                return name, fd
        except OSError:
            os.close(fd)
            path.unlink(missing_ok=True)
            raise
        os.close(fd)  # another process drained it, empty as it is, before we could lock it
    raise OSError("a new segment was taken away each time")


class SpoolUsage(NamedTuple):
    """The folder's contents, of all processes. Sizes in bytes."""

    segments: int = 0
    waiting_bytes: int = 0
    torn_bytes: int = 0
    since_ms: int | None = None  # when the oldest segment was begun, in ms since 1970

    @property
    def bytes(self) -> int:
        """What counts against the limit: what is set aside takes room too, until somebody has looked at it."""
        return self.waiting_bytes + self.torn_bytes


def sizes(folder: Path) -> dict[str, int]:
    """Bytes of each file, by name; nothing where there is no folder yet. Raises OSError."""
    found = {}
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                found[entry.name] = entry.stat().st_size
    return found


def segments(found: Mapping[str, int]) -> list[str]:
    """Names of the segments among those files, oldest first."""
    return sorted(name for name in found if name.endswith(SUFFIX))


def usage(found: Mapping[str, int]) -> SpoolUsage:
    """Those files, summed up. A segment that is still empty does not count."""
    waiting = {name: found[name] for name in segments(found) if found[name]}
    torn = sum(size for name, size in found.items() if name.endswith(QUARANTINE_SUFFIX))
    return SpoolUsage(len(waiting), sum(waiting.values()), torn, opened_ms(min(waiting)) if waiting else None)
