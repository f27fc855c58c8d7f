"""A thread that repeats one step until it is stopped."""

import threading
from collections.abc import Callable

from shared.observability.logging import get_logger

_log = get_logger(__name__)
_STOP_TIMEOUT = 5.0  # seconds


class PeriodicThread:
    """Calls `step` and waits `interval` seconds, in turn.

    An exception of a step is logged, once until a step succeeds again, and the thread goes on.
    """

    def __init__(self, name: str, step: Callable[[], None], interval: float) -> None:
        self._step = step
        self._interval = interval
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread; it takes its first step at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the current step; wait for it for at most five seconds."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_TIMEOUT)

    def _run(self) -> None:
        failing = False
        while not self._stopped.is_set():
            try:
                self._step()
            except Exception:  # noqa: BLE001 - a failing step must not end the thread
                if not failing:
                    _log.exception("cannot refresh the console's figures", thread=self._thread.name)
                failing = True
            else:
                failing = False
            self._stopped.wait(self._interval)
