"""Logs: one line an anomaly, not an event. Lines for people on a terminal, JSON elsewhere. Phone numbers are masked."""

import logging
import os
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

#: Digits that may be a phone number (E.164: at most 15), not part of a longer word such as a wamid.
_PHONE = re.compile(r"(?<![\w.])\+?(\d{4})\d{3,8}(\d{3})(?![\w.])")
_LEVELS = {"celery.worker.strategy": "WARNING", "celery.app.trace": "WARNING", "httpx": "WARNING", "uvicorn": "WARNING"}


def mask(text: str) -> str:
    """`text` with the middle of every phone number replaced: 919812345678 becomes 9198…678."""
    return _PHONE.sub(r"\1…\2", text)


def configure(level: str = "INFO") -> None:
    """Sends structlog's and the standard library's logs to stderr, in one format."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    ends: list[Any] = (
        [_masked, structlog.dev.ConsoleRenderer()]
        if sys.stderr.isatty() or "FORCE_COLOR" in os.environ  # force-color.org: a terminal is behind the pipe
        else [structlog.processors.format_exc_info, _masked, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ends]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, quiet in _LEVELS.items():
        logging.getLogger(name).setLevel(quiet)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound


def _masked(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    # Every value, not only the message: ids and errors hold numbers too. One line a record: no forged lines.
    for key, value in event.items():
        if isinstance(value, str) and key != "timestamp":
            event[key] = mask(value) if key == "exception" else mask(value).replace("\n", "\\n").replace("\r", "\\r")
    return event
