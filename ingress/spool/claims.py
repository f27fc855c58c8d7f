"""Which segments this process drains.

A segment belongs to the process that holds its flock, and to nobody once it is closed or its process is dead: then
whoever locks it first drains it. The kernel releases a flock however a process ends. It needs a local file system (on
NFS it depends on the mount, flock(2)). Do not fork while a spool is open: the child would hold the locks too.
"""

from pathlib import Path

from ingress.spool import files, folder
from ingress.spool.claim import Claim
from ingress.spool.codec import UnknownVersion
from shared.observability.logging import logger

_log = logger(__name__)
#: Each costs an open file. As many as the default limit holds segments.
_MOST = 128


class Claims:
    """The segments that this process has locked for draining. Every method blocks; all are called in one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: dict[str, Claim] = {}
        self._passed_over: set[str] = set()

    def take(self) -> Claim | None:
        """The oldest segment that is nobody's, locked; None where there is none, or enough are held.

        One that cannot be read is passed over until the next start, with a line in the log. Raises OSError.
        """
        names = folder.segments(folder.sizes(self._path)) if len(self._held) < _MOST else []
        for name in names:
            if name not in self._held and name not in self._passed_over and (claim := self._take(name)):
                self._held[name] = claim
                return claim
        return None

    def remove(self, claim: Claim) -> None:
        """All of it is in Redis. Raises OSError, and may then be repeated."""
        claim.remove()
        del self._held[claim.name]

    def pass_over(self, claim: Claim, why: OSError) -> None:
        """It cannot be read after all: leaves it where it is until the next start."""
        del self._held[claim.name]
        claim.release()
        self._note(claim.name, files.words(why))

    def release(self) -> None:
        """Leaves all of them to whoever comes next."""
        for claim in self._held.values():
            claim.release()
        self._held.clear()

    def _take(self, name: str) -> Claim | None:
        try:
            return Claim.take(self._path / name)
        except OSError as error:
            self._note(name, files.words(error))
        except UnknownVersion as error:
            self._note(name, str(error))
        return None

    def _note(self, name: str, why: str) -> None:
        self._passed_over.add(name)
        _log.error("a spool segment cannot be read; it stays where it is", file=name, reason=why)
