"""Which tests run in the same process when pytest-xdist distributes them."""

from xdist.scheduler import LoadFileScheduling

#: The files of this folder (not of its subfolders) share the Sluice that their fixture starts.
_SHARED = "tests/system/"


def process_group(nodeid: str) -> str:
    """Return the group of tests that one process runs: the test's file, or the folder that shares a Sluice."""
    file = nodeid.partition("::")[0]
    shares = file.startswith(_SHARED) and "/" not in file.removeprefix(_SHARED)
    return _SHARED if shares else file


class GroupScheduling(LoadFileScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """As `--dist loadfile`, with one group for all files that share a Sluice.

    `--dist loadgroup` cannot be used: pytest-xdist 3.8 writes the group into `Item._nodeid`, which pytest 9.2 no longer
    reads.
    """

    def _split_scope(self, nodeid: str) -> str:
        return process_group(nodeid)
