"""Throttle the log of OpenTelemetry's SDK: an unreachable collector would be one line per second."""

import copy
import logging
import time
from collections.abc import Callable

#: Seconds for which a line of the SDK's code logs nothing more after it has logged once, whatever the values.
_INTERVAL = 300.0
#: Loggers whose values are safe. Others quote what they cannot parse: the collector's credential, senders' headers.
_SAFE_LOGGERS = ("opentelemetry.sdk", "opentelemetry.exporter")


class ThrottledHandler(logging.Handler):
    """Passes on to the root logger's handlers one record per line of code and interval."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._last_logged: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Pass the record on, unless the same line of code has logged recently."""
        place, now = f"{record.pathname}:{record.lineno}", self._clock()
        if now - self._last_logged.get(place, -_INTERVAL) >= _INTERVAL:
            self._last_logged[place] = now
            logging.getLogger().handle(record if record.name.startswith(_SAFE_LOGGERS) else _without_values(record))


def _without_values(record: logging.LogRecord) -> logging.LogRecord:
    stripped = copy.copy(record)
    stripped.msg, stripped.args = str(record.msg).replace("%s", "…"), ()
    return stripped


def throttle_sdk_logging() -> None:
    """Install the throttling handler on the OpenTelemetry SDK's logger."""
    logger = logging.getLogger("opentelemetry")
    logger.propagate = False
    if not any(isinstance(handler, ThrottledHandler) for handler in logger.handlers):
        logger.handlers[:] = [ThrottledHandler()]
