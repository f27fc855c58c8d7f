"""The times at which webhooks are due. Pure.

The schedule does not wait for responses: if a server that hangs could delay its sender, the delayed requests would be
missing from the latencies ("coordinated omission").
"""

import math
from collections.abc import Iterator

#: Seconds from one burst to the next. A burst lasts one second.
BURST_INTERVAL = 10


def schedule(rate: float, duration: float, burst: float = 1.0) -> Iterator[float]:
    """Yield the seconds after the start at which to send: `rate` per second, times `burst` in every tenth second."""
    due = 0.0  # webhooks due before this second
    for second in range(math.ceil(duration)):
        current_rate = rate * burst if second % BURST_INTERVAL == BURST_INTERVAL - 1 else rate
        for number in range(math.ceil(due), math.ceil(due + current_rate)):
            at = second + (number - due) / current_rate
            if at < duration:
                yield at
        due += current_rate
