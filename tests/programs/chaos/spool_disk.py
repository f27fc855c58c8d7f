"""The spool's disk, that can be full: a tmpfs of its own where we may mount one; else files that may not grow."""

import os
import resource
import subprocess
from collections.abc import Sequence
from pathlib import Path

_TORN = ".torn"  # what a killed process had begun to write, and never promised; kept for people
_LARGE = 64 * 1024 * 1024  # bytes
_LITTLE = 96 * 1024  # bytes that are left when it is full


class SpoolDisk:
    """Stands at `path`, which it makes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, mode=0o700)
        self._mounted = os.geteuid() == 0 and self._mount(f"size={_LARGE},mode=0700")

    def fill(self, pids: Sequence[int]) -> None:
        """Leaves a little room only, for these processes at least."""
        if self._mounted:
            self._mount(f"remount,size={self._used() + _LITTLE}")
        else:
            self._limit(pids, _LITTLE)

    def relieve(self, pids: Sequence[int]) -> None:
        """There is room again."""
        if self._mounted:
            self._mount(f"remount,size={_LARGE}")
        else:
            self._limit(pids, resource.RLIM_INFINITY)

    def waiting(self) -> list[str]:
        """Files with something in them: what is spooled, or set aside."""
        found = []
        for file in self.path.rglob("*"):
            try:
                if file.suffix != _TORN and file.is_file() and file.stat().st_size:
                    found.append(f"{file.name} ({file.stat().st_size} bytes)")
            except FileNotFoundError:  # drained meanwhile
                continue
        return found

    def unmount(self) -> None:
        """Nothing of it stays."""
        if self._mounted:
            subprocess.run(["umount", "-l", str(self.path)], check=False)

    def _mount(self, options: str) -> bool:
        command = ["mount", "-t", "tmpfs", "-o", options, "none", str(self.path)]
        return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0

    def _used(self) -> int:
        room = os.statvfs(self.path)
        return (room.f_blocks - room.f_bfree) * room.f_frsize

    def _limit(self, pids: Sequence[int], size: int) -> None:
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
