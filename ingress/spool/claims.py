"""Which segments this process drains.

A segment is owned by the process that holds its flock. Once it is closed or its process is dead it has no owner, and
the process that locks it first drains it. The kernel releases a flock however a process ends. This needs a local file
system (on NFS it depends on the mount, flock(2)). Do not fork while a spool is open: the child would hold the locks
too.
"""

import errno
import os
from pathlib import Path

from ingress.spool import codec, files, segments
from ingress.spool.codec import UnknownVersion
from shared.observability.logging import get_logger

_log = get_logger(__name__)
#: Each claimed segment is an open file. The default limit of the spool holds this many segments.
_MAX_CLAIMS = 128


class ClaimedSegment:
    """A locked segment, and how far each of its lanes has been pushed.

    `remaining` maps the lanes that are not fully drained to the offset of their next record. It is not written to disk.
    After a crash the segment is pushed again from its start: that repeats 8 MiB at most, which deduplication absorbs,
    and saves an fsync per batch and a second file that might contradict the first.

    All methods block and may raise OSError.
    """

    def __init__(self, path: Path, fd: int) -> None:
        self.name = path.name
        self._path = path
        self._fd = fd
        self._data: bytes | None = None
        summary = codec.summarize_segment(files.read_all(fd))
        self.records = sum(summary.records.values())
        self.remaining = dict.fromkeys(summary.records, codec.FILE_HEAD_BYTES)
        self._end = summary.end
        self._damage = summary.damage

    @classmethod
    def take(cls, path: Path) -> "ClaimedSegment | None":
        """Lock and return the segment, or None if it is gone or owned by a living process.

        Raises UnknownVersion or OSError.
        """
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            if files.lock(fd, path):
                return cls(path, fd)
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
        return None

    def batch(self, lane: str, max_records: int, max_bytes: int) -> tuple[list[bytes], int]:
        """Return the next receipts of a remaining lane, at least one, and the offset to pass to `pushed`."""
        if self._data is None:
            self._data = files.read_all(self._fd)
        receipts, end = codec.read_batch(self._data, lane, self.remaining[lane], max_records, max_bytes)
        if not receipts:
            raise OSError(errno.EIO, "a segment's content has changed since it was claimed")
        return receipts, end

    def pushed(self, lane: str, end: int) -> None:
        """Record that Redis has the receipts that `batch` returned with this `end`."""
        self.remaining[lane] = end
        if end >= self._end:
            del self.remaining[lane]

    def free(self) -> None:
        """Free the memory that `batch` reads the file into."""
        self._data = None

    def remove(self) -> None:
        """Quarantine the damaged rest, if any, and remove the segment durably. May be repeated."""
        if self._damage:
            self._quarantine()
        self._path.unlink(missing_ok=True)
        files.sync_folder(self._path.parent)
        self.release()

    def release(self) -> None:
        """Release the lock, so that another process can claim the segment."""
        os.close(self._fd)

    def _quarantine(self) -> None:
        rest = files.read_all(self._fd)[self._end :]
        quarantine = self._path.with_name(self.name + segments.QUARANTINE_SUFFIX)
        size = len(rest)
        try:
            write_new(quarantine, rest)
        except OSError:  # there is no room for a copy: rename the whole file, which needs none
            self._path.rename(quarantine)
            size += self._end
        self._damage, damage = "", self._damage
        _log.error(
            "the damaged rest of a spool segment was set aside; everything before it is in Redis",
            file=quarantine.name,
            bytes=size,
            damage=damage,
            records_before=self.records,
        )


def write_new(path: Path, data: bytes) -> None:
    """Write `data` to a new file, or over an old one, and fsync it. Raises OSError."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        files.write_all(fd, data, 0)
        os.fsync(fd)
    finally:
        os.close(fd)


class SegmentClaims:
    """The segments that this process has locked for draining. Every method blocks; all are called in one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._claimed: dict[str, ClaimedSegment] = {}
        self._abandoned: set[str] = set()

    def take(self) -> ClaimedSegment | None:
        """Claim the oldest segment without an owner. Return None if there is none, or if enough are claimed.

        A segment that cannot be read is logged, and left alone until the next start. Raises OSError.
        """
        names = segments.segments(segments.sizes(self._path)) if len(self._claimed) < _MAX_CLAIMS else []
        for name in names:
            if name not in self._claimed and name not in self._abandoned and (segment := self._take(name)):
                self._claimed[name] = segment
                return segment
        return None

    def remove(self, segment: ClaimedSegment) -> None:
        """Remove a segment of which everything is in Redis. Raises OSError, and may then be repeated."""
        segment.remove()
        del self._claimed[segment.name]

    def abandon(self, segment: ClaimedSegment, error: OSError) -> None:
        """Leave a claimed segment that cannot be read where it is, until the next start."""
        del self._claimed[segment.name]
        segment.release()
        self._abandon(segment.name, files.describe_os_error(error))

    def release(self) -> None:
        """Release all segments, so that another process can claim them."""
        for segment in self._claimed.values():
            segment.release()
        self._claimed.clear()

    def _take(self, name: str) -> ClaimedSegment | None:
        try:
            return ClaimedSegment.take(self._path / name)
        except OSError as error:
            self._abandon(name, files.describe_os_error(error))
        except UnknownVersion as error:
            self._abandon(name, str(error))
        return None

    def _abandon(self, name: str, reason: str) -> None:
        self._abandoned.add(name)
        _log.error("a spool segment cannot be read; it is left where it is", file=name, reason=reason)
