"""Appending to the spool: this process' segment, its rotation, and the limit on the folder."""

import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ingress.spool import files, segments
from ingress.spool.codec import FILE_HEAD_BYTES, packed_size
from ingress.spool.segments import Segment, SpoolRecord, SpoolUsage
from shared.errors import ServiceOverloaded

_MIB = 1024 * 1024
#: What the sender is told, before the reason.
NEITHER = "the webhook cannot be made durable now: Redis does not take it, nor does the spool: "


class SpoolWriter:
    """The folder at `path`, made when it is first needed. Every method blocks; all are called in one thread.

    `limit` bounds the bytes of all files in it. Several processes may together exceed it by a segment each: they count
    the folder when they open one, and when their last count leaves no room. `segment_bytes` is where a segment ends,
    unless one group is larger.
    """

    def __init__(
        self,
        path: Path,
        *,
        limit: int = 1024 * _MIB,
        segment_bytes: int = 8 * _MIB,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.path = path
        self.limit = limit
        self._segment_bytes = segment_bytes
        self._clock_ns = clock_ns
        self._segment: Segment | None = None
        self._others = 0  # bytes of all other files, when they were last counted
        self._last_ns = 0
        self._too_much = 1  # bytes that there was no room for last time

    def append(self, records: Sequence[SpoolRecord]) -> None:
        """Return once all are on disk, with one fsync. If it raises ServiceOverloaded, none of them counts."""
        size = sum(packed_size(*record) for record in records)
        try:
            self._with_room(size).append(records)
            self._too_much = 1
        except OSError as error:
            self._too_much = size
            if self._segment is not None and not self._segment.sound:
                self.close_segment()
            raise _overloaded(files.describe_os_error(error)) from error

    def written_lanes(self) -> frozenset[str]:
        """Lanes with a record in the segment that is being written."""
        return frozenset(self._segment.lanes) if self._segment else frozenset()

    def close_segment(self) -> None:
        """Ends the segment that is being written, so that it can be drained. The next append opens another."""
        if self._segment is not None:
            self._segment.close()
            self._segment = None

    def usage(self) -> SpoolUsage:
        """What is in the folder just now. Raises OSError."""
        return segments.usage(segments.sizes(self.path))

    def trouble(self) -> str:
        """Why an append would be refused just now, as far as that is known without writing; "" if it is not."""
        try:
            files.make_folder(self.path, 0o700)
            used = self.usage().bytes
            free = shutil.disk_usage(self.path).free
        except OSError as error:
            return files.describe_os_error(error)
        if not os.access(self.path, os.W_OK | os.X_OK):
            return "its folder may not be written to"
        if free < self._too_much:
            return "its disk is full"
        return "it is full" if used + self._too_much > self.limit else ""

    def _with_room(self, size: int) -> Segment:
        if self._segment and self._segment.size and self._segment.size + size > self._segment_bytes:
            self.close_segment()
        size += 0 if self._written() else FILE_HEAD_BYTES
        if self._segment is None or not self._fits(size):
            self._others = sum(segments.sizes(self.path).values()) - self._written()
        if not self._fits(size):
            self._too_much = size
            raise _overloaded("it is full")
        return self._segment or self._open()

    def _open(self) -> Segment:
        files.make_folder(self.path, 0o700)
        self._last_ns = max(self._clock_ns(), self._last_ns + 1)  # a clock set back does not disturb the order
        self._segment = Segment(self.path, self._last_ns)
        return self._segment

    def _fits(self, size: int) -> bool:
        return self._others + self._written() + size <= self.limit

    def _written(self) -> int:
        return self._segment.size if self._segment else 0


def _overloaded(why: str) -> ServiceOverloaded:
    return ServiceOverloaded(NEITHER + why)
