"""What OpenTelemetry's SDK logs, told sparingly: a collector that is away would be a line every second."""

import copy
import logging
import time
from collections.abc import Callable

#: Seconds for which what was told at one place of the code is not told again from there, whatever its values.
_PAUSE = 300.0
#: Whose values may be told. Others quote what they cannot read: the collector's credential, and what senders wrote.
_DISCREET = ("opentelemetry.sdk", "opentelemetry.exporter")


class ThrottledHandler(logging.Handler):
    """Hands on to the root logger's handlers the first line from a place for a while."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._told: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        place, now = f"{record.pathname}:{record.lineno}", self._clock()
        if now - self._told.get(place, -_PAUSE) >= _PAUSE:
            self._told[place] = now
            logging.getLogger().handle(record if record.name.startswith(_DISCREET) else _without_values(record))


def _without_values(record: logging.LogRecord) -> logging.LogRecord:
    told = copy.copy(record)
    told.msg, told.args = str(record.msg).replace("%s", "…"), ()
    return told


def throttle_sdk_logging() -> None:
    """From now on the SDK's log is told so."""
    logger = logging.getLogger("opentelemetry")
    logger.propagate = False
    if not any(isinstance(handler, ThrottledHandler) for handler in logger.handlers):
        logger.handlers[:] = [ThrottledHandler()]
