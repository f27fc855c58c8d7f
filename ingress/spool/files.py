"""File operations that survive a crash and a power cut: complete writes, synced directories, one owner per file."""

import errno
import fcntl
import os
from pathlib import Path

_DESCRIPTIONS = {
    errno.ENOSPC: "its disk is full",
    errno.EDQUOT: "its disk quota is exhausted",
    errno.EFBIG: "its files have reached their maximum size",
    errno.EROFS: "its disk is read-only",
    errno.EACCES: "its folder is not writable",
    errno.EPERM: "its folder is not writable",
    errno.EIO: "its disk fails",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
}
#: After these a write to the same file may be retried: nothing that it already contains is in doubt.
OUT_OF_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def describe_os_error(error: OSError) -> str:
    """Return why the spool cannot write, in words. Without a path, since senders read it."""
    return _DESCRIPTIONS.get(error.errno or 0) or os.strerror(error.errno or 0)


def write_all(fd: int, data: bytes, offset: int) -> None:
    """Write all of `data` at `offset`. Raises OSError; a part may be written by then."""
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        if not written:
            raise OSError(errno.EIO, "nothing was written")
        view, offset = view[written:], offset + written


def read_all(fd: int) -> bytes:
    """Return the whole file, regardless of its current position. Raises OSError."""
    os.lseek(fd, 0, os.SEEK_SET)
    with open(fd, "rb", closefd=False) as file:
        return file.read()


def sync_folder(folder: Path) -> None:
    """Make the file names in a folder durable, which a file's own fsync does not (fsync(2)). Raises OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Create a folder durably, with the missing folders above it. Raises OSError."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode, exist_ok=True)
    sync_folder(folder.parent)


def lock(fd: int, path: Path) -> bool:
    """Try to become the file's owner, until this process closes it or dies. Return whether it did.

    It also fails if the file is no longer the one at `path`: its owner removed it between our open and our lock.
    Raises OSError if flock is not supported.
    """
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(fd), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False
