"""Which segments this process drains.

A segment belongs to the process that holds its flock, and to nobody once it is closed or its process is dead: then
whoever locks it first drains it. The kernel releases a flock however a process ends. It needs a local file system (on
NFS it depends on the mount, flock(2)). Do not fork while a spool is open: the child would hold the locks too.
"""

import errno
import os
from pathlib import Path

from ingress.spool import codec, files, segments
from ingress.spool.codec import UnknownVersion
from shared.observability.logging import get_logger

QUARANTINE_SUFFIX = ".torn"


class ClaimedSegment:
    """Knows how far each lane of the segment has been pushed: `left` holds those that are not through, by offset.

    This is not written down. After a crash the segment is pushed again from its start: that repeats 8 MiB at most,
    which the dedupe claim behind absorbs, and spares an fsync a batch and a second file that might contradict the
    first.

    All methods block and may raise OSError.
    """

    def __init__(self, path: Path, fd: int) -> None:
        self.name = path.name
        self._path = path
        self._fd = fd
        self._data: bytes | None = None
        found = codec.summarize_segment(files.read_all(fd))
        self.records = sum(found.records.values())
        self.left = dict.fromkeys(found.records, codec.FILE_HEAD_BYTES)
        self._end = found.end
        self._damage = found.damage

    @classmethod
    def take(cls, path: Path) -> "ClaimedSegment | None":
        """The segment's claim; None where a living process has it, or it is gone. Raises UnknownVersion or OSError."""
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

    def batch(self, lane: str, most: int, most_bytes: int) -> tuple[list[bytes], int]:
        """The lane's next receipts, at least one, and what to tell `pushed`. For lanes that are left."""
        if self._data is None:
            self._data = files.read_all(self._fd)
        receipts, end = codec.read_batch(self._data, lane, self.left[lane], most, most_bytes)
        if not receipts:
            raise OSError(errno.EIO, "a segment reads otherwise than it did a moment ago")
        return receipts, end

    def pushed(self, lane: str, end: int) -> None:
        """Redis has what `batch` replied with that `end`."""
        self.left[lane] = end
        if end >= self._end:
            del self.left[lane]

    def forget(self) -> None:
        """Frees the memory that `batch` reads into."""
        self._data = None

    def remove(self) -> None:
        """The segment is through: sets its damaged rest aside and removes it, durably. May be repeated."""
        if self._damage:
            self._set_aside()
        self._path.unlink(missing_ok=True)
        files.sync_folder(self._path.parent)
        self.release()

    def release(self) -> None:
        """Leaves it to whoever claims it next."""
        os.close(self._fd)

    def _set_aside(self) -> None:
        rest = files.read_all(self._fd)[self._end :]
        aside = self._path.with_name(self.name + QUARANTINE_SUFFIX)
        size = len(rest)
        try:
            _write_new(aside, rest)
        except OSError:  # no room for a copy: the whole file then, under that name, which takes none
            self._path.rename(aside)
            size += self._end
        self._damage, damage = "", self._damage
        _log.error(
            "the rest of a spool segment was damaged and is set aside; what came before it is in Redis",
            file=aside.name,
            bytes=size,
            damage=damage,
            records_before=self.records,
        )


def _write_new(path: Path, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        files.write_all(fd, data, 0)
        os.fsync(fd)
    finally:
        os.close(fd)


_log = get_logger(__name__)
#: Each costs an open file. As many as the default limit holds segments.
_MAX_REMEMBERED = 128


class SegmentClaims:
    """The segments that this process has locked for draining. Every method blocks; all are called in one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: dict[str, ClaimedSegment] = {}
        self._passed_over: set[str] = set()

    def take(self) -> ClaimedSegment | None:
        """The oldest segment that is nobody's, locked; None where there is none, or enough are held.

        One that cannot be read is passed over until the next start, with a line in the log. Raises OSError.
        """
        names = segments.segments(segments.sizes(self._path)) if len(self._held) < _MAX_REMEMBERED else []
        for name in names:
            if name not in self._held and name not in self._passed_over and (claim := self._take(name)):
                self._held[name] = claim
                return claim
        return None

    def remove(self, claim: ClaimedSegment) -> None:
        """All of it is in Redis. Raises OSError, and may then be repeated."""
        claim.remove()
        del self._held[claim.name]

    def pass_over(self, claim: ClaimedSegment, why: OSError) -> None:
        """It cannot be read after all: leaves it where it is until the next start."""
        del self._held[claim.name]
        claim.release()
        self._note(claim.name, files.describe_os_error(why))

    def release(self) -> None:
        """Leaves all of them to whoever comes next."""
        for claim in self._held.values():
            claim.release()
        self._held.clear()

    def _take(self, name: str) -> ClaimedSegment | None:
        try:
            return ClaimedSegment.take(self._path / name)
        except OSError as error:
            self._note(name, files.describe_os_error(error))
        except UnknownVersion as error:
            self._note(name, str(error))
        return None

    def _note(self, name: str, why: str) -> None:
        self._passed_over.add(name)
        _log.error("a spool segment cannot be read; it stays where it is", file=name, reason=why)
