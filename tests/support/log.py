"""The log recorder: keeps the lines that the product logs in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import structlog

_PACKAGES = ("ingress", "shared", "workers")


class Line(NamedTuple):
    """One log line. `level` is the method called: info, warning, error or exception."""

    level: str
    event: str
    values: dict[str, Any]


class Log:
    """The lines of the product's loggers. A test takes those it expects; the `log` fixture fails on the rest."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    @property
    def events(self) -> list[str]:
        """The messages of the lines not taken yet, which stay."""
        return [line.event for line in self.lines]

    def take(self) -> list[Line]:
        """Remove and return all lines logged since the last call."""
        taken, self.lines = self.lines, []
        return taken

    def take_events(self) -> list[str]:
        """Remove all lines and return their messages."""
        return [line.event for line in self.take()]

    def record(self, logger: Any, method: str, values: Any) -> Any:
        """Structlog processor: keep the line if one of our modules logged it, and print nothing."""
        if logger.name.split(".")[0] in _PACKAGES:
            if method == "exception":
                del values["exc_info"]
            self.lines.append(Line(method, values.pop("event"), dict(values)))
        raise structlog.DropEvent


@contextmanager
def recorded_log() -> Iterator[Log]:
    """Record everything that is logged within the block."""
    log = Log()
    structlog.configure(
        processors=[log.record],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    try:
        yield log
    finally:
        structlog.reset_defaults()
