"""A thread that does one thing again and again until it is stopped."""

import threading
from collections.abc import Callable

from shared.observability.logging import get_logger

_log = get_logger(__name__)


class PeriodicThread:
    """Calls `step`, waits `every` seconds, and so on. What a step raises is logged, once until one goes well again."""

    def __init__(self, name: str, step: Callable[[], None], interval: float) -> None:
        self._step = step
        self._interval = interval
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the step under way, for which it does not wait long."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def _run(self) -> None:
        failing = False
        while not self._stopped.is_set():
            try:
                self._step()
            except Exception:  # noqa: BLE001 - a fault of one step must not end the others
                if not failing:
                    _log.exception("the console's figures are not renewed", thread=self._thread.name)
                failing = True
            else:
                failing = False
            self._stopped.wait(self._interval)
