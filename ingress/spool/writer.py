"""Append to the spool: this process's current segment, its rotation, and the limit on the folder's size."""

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
#: The beginning of the sender's error message; the reason follows.
NEITHER = "the webhook cannot be made durable now: Redis is unavailable, and so is the spool: "


class SpoolWriter:
    """Appends to the spool in the folder `path`, which is created when it is first needed.

    Every method blocks; all are called in one thread. `limit` is the maximum size of all files in bytes. Several
    processes together may exceed it by one segment each: they measure the folder when they open a segment, and when
    their last measurement leaves no room. A segment ends at `segment_bytes`, unless a single group is larger.
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
        self._other_bytes = 0  # size of all other files when they were last measured
        self._last_ns = 0
        self._rejected_bytes = 1  # size of the last append for which there was no room

    def append(self, records: Sequence[SpoolRecord]) -> None:
        """Return once all records are on disk, with one fsync. If it raises ServiceOverloaded, none of them is."""
        size = sum(packed_size(*record) for record in records)
        try:
            self._segment_with_room(size).append(records)
            self._rejected_bytes = 1
        except OSError as error:
            self._rejected_bytes = size
            if self._segment is not None and not self._segment.is_sound:
                self.close_segment()
            raise _overloaded(files.describe_os_error(error)) from error

    def written_lanes(self) -> frozenset[str]:
        """Return the lanes with a record in the current segment."""
        return frozenset(self._segment.lanes) if self._segment else frozenset()

    def close_segment(self) -> None:
        """Close the current segment, so that it can be drained. The next append opens another."""
        if self._segment is not None:
            self._segment.close()
            self._segment = None

    def usage(self) -> SpoolUsage:
        """Return what the folder contains now. Raises OSError."""
        return segments.usage(segments.sizes(self.path))

    def problem(self) -> str:
        """Return why an append would be refused now, as far as it can be known without writing; "" if it would not."""
        try:
            files.make_folder(self.path, 0o700)
            used = self.usage().bytes
            free = shutil.disk_usage(self.path).free
        except OSError as error:
            return files.describe_os_error(error)
        if not os.access(self.path, os.W_OK | os.X_OK):
            return "its folder is not writable"
        if free < self._rejected_bytes:
            return "its disk is full"
        return "it is full" if used + self._rejected_bytes > self.limit else ""

    def _segment_with_room(self, size: int) -> Segment:
        if self._segment and self._segment.size and self._segment.size + size > self._segment_bytes:
            self.close_segment()
        size += 0 if self._written() else FILE_HEAD_BYTES
        if self._segment is None or not self._fits(size):
            self._other_bytes = sum(segments.sizes(self.path).values()) - self._written()
        if not self._fits(size):
            self._rejected_bytes = size
            raise _overloaded("it is full")
        return self._segment or self._open()

    def _open(self) -> Segment:
        files.make_folder(self.path, 0o700)
        self._last_ns = max(self._clock_ns(), self._last_ns + 1)  # a clock that is set back must not change the order
        self._segment = Segment(self.path, self._last_ns)
        return self._segment

    def _fits(self, size: int) -> bool:
        return self._other_bytes + self._written() + size <= self.limit

    def _written(self) -> int:
        return self._segment.size if self._segment else 0


def _overloaded(reason: str) -> ServiceOverloaded:
    return ServiceOverloaded(NEITHER + reason)
