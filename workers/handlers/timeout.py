"""A limit on how long a handler may run.

An alarm signal ends it, which works in a process' main thread: prefork children and the solo pool. In the threads
pool nothing can end a running function; there its lease runs out and another worker takes the event.
"""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from shared.errors import SluiceError


class HandlerTimeout(SluiceError):
    """A handler ran longer than its `timeout`."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises HandlerTimeout inside the block once it has run for `seconds`. An alarm set before it rings after it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise HandlerTimeout(f"the handler ran longer than its timeout of {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    started = time.monotonic()
    outer, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if outer:
            signal.setitimer(signal.ITIMER_REAL, max(outer - (time.monotonic() - started), 0.001))
