"""A process that appends without end, and says after each append how many records it has appended.

`python -m tests.support.spool.writer FOLDER SEED SEGMENT_BYTES [COUNT]`: stops appending after COUNT records.
"""

import random
import sys
from pathlib import Path

from ingress.spool.writer import SpoolWriter
from tests.support.spool.pieces import LANES, Record


def record(number: int, seed: int) -> Record:
    """The writer's record of that number; with the seed it can be verified."""
    noise = random.Random(seed * 1_000_003 + number)
    return noise.choice(LANES), b"%d:%d:" % (seed, number) + noise.randbytes(noise.choice((0, 10, 300, 5000)))


def main() -> None:
    """See above."""
    folder, seed, segment_bytes = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    most = int(sys.argv[4]) if len(sys.argv) > 4 else 1 << 60
    spool, sizes, number = SpoolWriter(folder, segment_bytes=segment_bytes), random.Random(seed), 0
    while number < most:
        size = min(sizes.choice((1, 3, 40)), most - number)
        spool.append([record(number + place, seed) for place in range(size)])
        number += size
        print(number, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
