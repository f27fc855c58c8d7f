"""A process with a disk that is full, or read-only, or with files that may not grow. Prints what came of it as JSON.

`python -m tests.support.spool.full_disk tmpfs|limit FOLDER`; for tmpfs in a mount namespace of its own.
"""

import json
import resource
import subprocess
import sys
from pathlib import Path

from ingress.spool import codec
from ingress.spool.writer import SpoolWriter
from shared.errors import ServiceOverloaded
from tests.support.spool.pieces import Record, all_contents, segments

_GROUP = 7  # records of 1 KiB: no divisor of a page


def _fill(spool: SpoolWriter, start: int) -> tuple[list[Record], str]:
    """Appends until it is refused. What was appended, and why no more was."""
    done: list[Record] = []
    while True:
        group = [("intake", b"%06d" % (start + len(done) + place) + b"x" * 1018) for place in range(_GROUP)]
        try:
            spool.append(group)
        except ServiceOverloaded as refusal:
            return done, refusal.message
        done += group


def _report(folder: Path, spool: SpoolWriter, relieve: list[str] | None) -> dict[str, object]:
    first, why = _fill(spool, 0)
    trouble = spool.problem()
    again, _ = _fill(spool, len(first))
    torn = [codec.summarize_segment(path.read_bytes()).damage for path in segments(folder)]
    if relieve is None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    else:
        subprocess.run(relieve, check=True)
    group = [("intake", b"%06d" % (len(first) + len(again)))]
    spool.append(group)
    spool.close_segment()
    return {
        "appended": len(first) + len(again),
        "why": why,
        "trouble": trouble,
        "torn": [each for each in torn if each],
        "kept": all_contents(folder) == first + again + group,
        "segments": len(segments(folder)),
    }


def main() -> None:
    """See above."""
    kind, folder = sys.argv[1], Path(sys.argv[2])
    if kind == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        print(json.dumps(_report(folder, SpoolWriter(folder), None)))
        return
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "none", str(folder)]
    subprocess.run(mount, check=True)
    print(json.dumps(_report(folder, SpoolWriter(folder), ["mount", "-o", "remount,size=4m", str(folder)])))
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    print(json.dumps(_fill(SpoolWriter(folder), 0)[1]))


if __name__ == "__main__":
    main()
