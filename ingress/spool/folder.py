"""What is in the spool's folder. It is shared, so a file may be gone a moment after it was listed."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ingress.spool.claim import TORN
from ingress.spool.segments import SUFFIX, opened_ms


class Usage(NamedTuple):
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


def usage(found: Mapping[str, int]) -> Usage:
    """Those files, summed up. A segment that is still empty does not count."""
    waiting = {name: found[name] for name in segments(found) if found[name]}
    torn = sum(size for name, size in found.items() if name.endswith(TORN))
    return Usage(len(waiting), sum(waiting.values()), torn, opened_ms(min(waiting)) if waiting else None)
