"""When each webhook is due. Pure.

By a schedule and not one after the other: a server that hangs must not make its sender wait, or the requests that it
kept waiting would be missing from the latencies ("coordinated omission").
"""

import math
from collections.abc import Iterator

#: A burst lasts a second, and begins every so many seconds.
BURST_EVERY = 10


def schedule(rate: float, duration: float, burst: float = 1.0) -> Iterator[float]:
    """Seconds from the start at which to send: `rate` a second, `burst` times that in every tenth second."""
    due = 0.0  # by the end of the seconds before
    for second in range(math.ceil(duration)):
        now = rate * burst if second % BURST_EVERY == BURST_EVERY - 1 else rate
        for number in range(math.ceil(due), math.ceil(due + now)):
            at = second + (number - due) / now
            if at < duration:
                yield at
        due += now
