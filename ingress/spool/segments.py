"""Segments, the spool's files: the one that this process appends to, and the contents of the folder."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ingress.spool import codec, files

SUFFIX = ".seg"
QUARANTINE_SUFFIX = ".torn"
_MAX_CREATE_ATTEMPTS = 10
SpoolRecord = tuple[str, bytes]  # lane, receipt


def segment_name(time_ns: int) -> str:
    """Return a new name. Names sort by time, and are unique across processes."""
    return f"{time_ns:020d}-{os.urandom(4).hex()}{SUFFIX}"


def opened_ms(name: str) -> int:
    """Return when the segment was opened, in milliseconds since 1970; 0 if the name is not a segment's."""
    digits = name.partition("-")[0]
    return int(digits) // 1_000_000 if digits.isascii() and digits.isdigit() else 0


class Segment:
    """A segment that is being written. It is locked while it is open. Every method may raise OSError.

    `size` counts the bytes that are certainly on disk. `is_sound` becomes False once nothing more may be appended:
    after a failed fsync Linux marks the pages that could not be written as clean, so that a second fsync succeeds
    without having written them (PostgreSQL wiki, "Fsync Errors"; Rebello et al., "Can Applications Recover from fsync
    Failures?", USENIX ATC 2020, 3.4). Anything appended behind such a hole would be acknowledged and lost. What was
    synced before is not affected: the file is closed, and read up to its last valid record.
    """

    def __init__(self, folder: Path, time_ns: int) -> None:
        self.lanes: set[str] = set()
        self.size = 0
        self.is_sound = True
        self._folder = folder
        self._salt = int.from_bytes(os.urandom(4))
        self.name, self._fd = _create(folder, time_ns)

    def append(self, records: Sequence[SpoolRecord]) -> None:
        """Return once all records are on disk, with one write and one fsync.

        Raises OSError; then none of the records counts as appended.
        """
        packed = [codec.pack(lane, receipt, self._salt) for lane, receipt in records]
        data = b"".join(packed if self.size else [codec.file_head(self._salt), *packed])
        self._write(data)
        self._sync()
        self.size += len(data)
        self.lanes.update(lane for lane, _ in records)

    def close(self) -> None:
        """Release the segment, so that it can be drained. An empty one is removed."""
        if not self.size:
            with suppress(OSError):  # the process that drains it finds it empty and removes it
                (self._folder / self.name).unlink()
        with suppress(OSError):  # nothing in it was unsynced
            os.close(self._fd)

    def _write(self, data: bytes) -> None:
        try:
            files.write_all(self._fd, data, self.size)
        except OSError as error:
            self.is_sound = self._truncate() and error.errno in files.OUT_OF_SPACE
            raise

    def _truncate(self) -> bool:
        """Cut a partial record off the end, which also frees its space. Return whether it succeeded."""
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
            self.is_sound = False
            raise


def _create(folder: Path, time_ns: int) -> tuple[str, int]:
    for _ in range(_MAX_CREATE_ATTEMPTS):
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
        os.close(fd)  # another process found it empty and removed it before this one could lock it
    raise OSError("other processes removed each new segment")


class SpoolUsage(NamedTuple):
    """What the folder contains, of all processes. Sizes in bytes."""

    segments: int = 0
    waiting_bytes: int = 0
    torn_bytes: int = 0
    since_ms: int | None = None  # when the oldest segment was opened, in milliseconds since 1970

    @property
    def bytes(self) -> int:
        """The bytes that count against the limit: quarantined ones do too, until a person has dealt with them."""
        return self.waiting_bytes + self.torn_bytes


def sizes(folder: Path) -> dict[str, int]:
    """Return the size in bytes of each file by name; nothing if the folder does not exist. Raises OSError."""
    found = {}
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                found[entry.name] = entry.stat().st_size
    return found


def segments(file_sizes: Mapping[str, int]) -> list[str]:
    """Return the names of the segments among these files, oldest first."""
    return sorted(name for name in file_sizes if name.endswith(SUFFIX))


def usage(file_sizes: Mapping[str, int]) -> SpoolUsage:
    """Sum up these files. Empty segments do not count."""
    waiting = {name: file_sizes[name] for name in segments(file_sizes) if file_sizes[name]}
    torn = sum(size for name, size in file_sizes.items() if name.endswith(QUARANTINE_SUFFIX))
    return SpoolUsage(len(waiting), sum(waiting.values()), torn, opened_ms(min(waiting)) if waiting else None)
