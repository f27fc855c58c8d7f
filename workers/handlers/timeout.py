"""The time limit of a handler's call.

An alarm signal ends the call. That works in a process's main thread only: in the prefork and solo pools. In the threads
pool nothing can end a running function; its lease ends there, and another worker takes the event.
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
    """Raise HandlerTimeout inside the block once it has run for `seconds`. An earlier alarm is restored afterwards."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_alarm(_signal: int, _frame: FrameType | None) -> None:
        raise HandlerTimeout(f"the handler ran longer than its timeout of {seconds:g} s")

    previous = signal.signal(signal.SIGALRM, on_alarm)
    started = time.monotonic()
    outer_seconds, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
        if outer_seconds:
            signal.setitimer(signal.ITIMER_REAL, max(outer_seconds - (time.monotonic() - started), 0.001))
