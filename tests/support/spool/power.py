"""What a power cut leaves, at worst: the bytes that were fsynced, in files whose names were."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from ingress.spool import codec
from tests.support.spool.pieces import Record


class Power:
    """Stands in os.fsync's place and remembers what each call made durable. `fails` may raise OSError, by path."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.files: dict[Path, bytes] = {}
        self.names: dict[Path, set[str]] = {}
        self.synced: list[Path] = []
        self.fails: Callable[[Path], None] = lambda path: None
        self._fsync = os.fsync
        monkeypatch.setattr(os, "fsync", self)

    def __call__(self, fd: int) -> None:
        path = Path(f"/proc/self/fd/{fd}").readlink()
        self.fails(path)
        self._fsync(fd)
        self.synced.append(path)
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            self.names[path] = {each.name for each in path.iterdir()}
        else:
            self.files[path] = path.read_bytes()

    def left(self) -> list[Record]:
        """The records that would be found after a cut at this moment."""
        return [
            (found.lane, found.receipt)
            for path, data in sorted(self.files.items())
            if path.name in self.names.get(path.parent, set())
            for found in codec.records(data)
        ]
