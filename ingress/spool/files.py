"""What a file needs to outlast a crash and a power cut: whole writes, synced folders, one owner."""

import errno
import fcntl
import os
from pathlib import Path

_WORDS = {
    errno.ENOSPC: "its disk is full",
    errno.EDQUOT: "its disk quota is used up",
    errno.EFBIG: "its files may not grow",
    errno.EROFS: "its disk is read-only",
    errno.EACCES: "its folder may not be written to",
    errno.EPERM: "its folder may not be written to",
    errno.EIO: "its disk fails",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
}
#: After these a write may be tried again in the same file: nothing of what it holds is in doubt.
OUT_OF_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def describe_os_error(error: OSError) -> str:
    """Why the spool cannot write, for people; without a path, since senders read it."""
    return _WORDS.get(error.errno or 0) or os.strerror(error.errno or 0)


def write_all(fd: int, data: bytes, offset: int) -> None:
    """Writes all of it at that offset. Raises OSError; a part may be written by then."""
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        if not written:
            raise OSError(errno.EIO, "nothing was written")
        view, offset = view[written:], offset + written


def read_all(fd: int) -> bytes:
    """The whole file, wherever it was read last. Raises OSError."""
    os.lseek(fd, 0, os.SEEK_SET)
    with open(fd, "rb", closefd=False) as file:
        return file.read()


def sync_folder(folder: Path) -> None:
    """Makes the names in it durable: a file's own fsync does not (fsync(2), "Description"). Raises OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Makes it durably, with the folders above it that are missing. Raises OSError."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode, exist_ok=True)
    sync_folder(folder.parent)


def lock(fd: int, path: Path) -> bool:
    """Whether this process is now the file's owner, until it closes it or dies. Raises OSError where flock fails.

    False also where the file is no longer what `path` names: its owner removed it between our open and our lock.
    """
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(fd), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False
