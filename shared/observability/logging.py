"""Logs: one line per anomaly, not per event. Plain text on a terminal, JSON elsewhere. Phone numbers are masked."""

import logging
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar, Token
from typing import Any

import structlog

from shared.text import escape_control_chars, escape_keep_newlines

#: Digits that may be a phone number (E.164: at most 15 digits), unless they are part of a longer word such as a wamid,
#: or of a decimal number. After a + there may be separators between them.
_PHONE = re.compile(r"(?<![0-9A-Za-z])(?<!\d\.)(?:\+\d[\d ()-]{8,24}\d|\+?\d{10,15})(?![0-9A-Za-z]|\.\d)")
#: Seconds and milliseconds since 1970, as in timestamps and ids of entries. A phone number with country code 1 never
#: has 10 or 13 digits.
_TIME = re.compile(r"1[6-9]\d{8}(\d{3})?")
_LEVELS = {
    "celery.worker.strategy": "WARNING",
    "celery.app.trace": "WARNING",
    "httpx": "WARNING",
    "uvicorn": "WARNING",
    "uvicorn.access": "WARNING",  # its lines contain paths, and a path may contain the token
}


_CONTEXT: ContextVar[Mapping[str, object]] = ContextVar("log_context", default={})  # noqa: B039 - never mutated


class log_context:  # noqa: N801 - used as a statement: with log_context(lane=…)
    """Context manager that adds values to every line that is logged within it. A line's own values take precedence.

    It is entered for each call of a handler: structlog's `bound_contextvars` takes 7 µs for the same, this less than 1.
    """

    __slots__ = ("_before", "_values")

    def __init__(self, **values: object) -> None:
        self._values = values

    def __enter__(self) -> None:
        self._before: Token[Mapping[str, object]] = _CONTEXT.set({**_CONTEXT.get(), **self._values})

    def __exit__(self, *_error: object) -> None:
        _CONTEXT.reset(self._before)


def mask_phone_numbers(text: str) -> str:
    """Return `text` with the middle of every phone number replaced: 919812345678 becomes 9198…678."""
    return _PHONE.sub(_mask, text)


def _mask(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    if _TIME.fullmatch(match[0]) or not 10 <= len(digits) <= 15:
        return match[0]
    return f"{digits[:4]}…{digits[-3:]}"


def configure_logging(level: str = "INFO") -> None:
    """Send the logs of structlog and the standard library to stderr, in one format."""
    common: list[Any] = [
        structlog.contextvars.merge_contextvars,  # values that handlers bind
        _add_context,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderer: Any = (
        # structlog's own tracebacks would show local variables, and so tokens and payloads.
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if sys.stderr.isatty() or "FORCE_COLOR" in os.environ  # force-color.org: there is a terminal behind the pipe
        else structlog.processors.JSONRenderer()
    )
    final: list[Any] = [structlog.processors.format_exc_info, _mask_event, renderer]
    structlog.configure(
        processors=[*common, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=common, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *final]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, logger_level in _LEVELS.items():
        logging.getLogger(name).setLevel(logger_level)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def _add_context(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in _CONTEXT.get().items():
        event.setdefault(name, value)
    return event


def _mask_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    # Every value, since ids and errors contain phone numbers too. A record is one line, so that none can be forged.
    for key, value in event.items():
        if key in {"exception", "stack"}:
            event[key] = mask_phone_numbers(escape_keep_newlines(str(value)))
        elif key != "timestamp" and not isinstance(value, (bool, float, type(None))):
            event[key] = _mask_value(value)
    return event


def _mask_value(value: Any) -> Any:
    text = value if isinstance(value, str) else repr(value)
    masked = mask_phone_numbers(escape_control_chars(text))
    return value if masked == text else masked
