"""Logs: one line an anomaly, not an event. Lines for people on a terminal, JSON elsewhere. Phone numbers are masked."""

import logging
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar, Token
from typing import Any

import structlog

from shared.text import escape_control_chars, escape_keep_newlines

#: Digits that may be a phone number (E.164: at most 15), not part of a longer word such as a wamid, nor of a decimal
#: number; after a + also with what people put between them.
_PHONE = re.compile(r"(?<![0-9A-Za-z])(?<!\d\.)(?:\+\d[\d ()-]{8,24}\d|\+?\d{10,15})(?![0-9A-Za-z]|\.\d)")
#: Seconds and milliseconds since 1970, as in timestamps and ids of entries. No phone number of a country code of 1
#: has 10 or 13 digits.
_TIME = re.compile(r"1[6-9]\d{8}(\d{3})?")
_LEVELS = {
    "celery.worker.strategy": "WARNING",
    "celery.app.trace": "WARNING",
    "httpx": "WARNING",
    "uvicorn": "WARNING",
    "uvicorn.access": "WARNING",  # its lines hold paths, and a path may hold the token
}


_ABOUT: ContextVar[Mapping[str, object]] = ContextVar("about", default={})  # noqa: B039 - never changed


class log_context:  # noqa: N801 - reads as a statement: with about(lane=…)
    """Within it every line that is logged, by whomever, also has these values; a line's own go before them.

    It stands around each call of a handler: structlog's `bound_contextvars` takes 7 µs for the same, this less than 1.
    """

    __slots__ = ("_before", "_values")

    def __init__(self, **values: object) -> None:
        self._values = values

    def __enter__(self) -> None:
        self._before: Token[Mapping[str, object]] = _ABOUT.set({**_ABOUT.get(), **self._values})

    def __exit__(self, *_error: object) -> None:
        _ABOUT.reset(self._before)


def mask_phone_numbers(text: str) -> str:
    """`text` with the middle of every phone number replaced: 919812345678 becomes 9198…678."""
    return _PHONE.sub(_shortened, text)


def _shortened(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[0])
    if _TIME.fullmatch(found[0]) or not 10 <= len(digits) <= 15:
        return found[0]
    return f"{digits[:4]}…{digits[-3:]}"


def configure_logging(level: str = "INFO") -> None:
    """Sends structlog's and the standard library's logs to stderr, in one format."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,  # what users bind
        _add_about,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderer: Any = (
        # Its own tracebacks would show the local variables, and so tokens and payloads.
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if sys.stderr.isatty() or "FORCE_COLOR" in os.environ  # force-color.org: a terminal is behind the pipe
        else structlog.processors.JSONRenderer()
    )
    ends: list[Any] = [structlog.processors.format_exc_info, _masked, renderer]
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


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound


def _add_about(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in _ABOUT.get().items():
        event.setdefault(name, value)
    return event


def _masked(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    # Every value, not only the message: ids and errors hold numbers too. One line a record: no forged lines.
    for key, value in event.items():
        if key in {"exception", "stack"}:
            event[key] = mask_phone_numbers(escape_keep_newlines(str(value)))
        elif key != "timestamp" and not isinstance(value, (bool, float, type(None))):
            event[key] = _masked_value(value)
    return event


def _masked_value(value: Any) -> Any:
    text = value if isinstance(value, str) else repr(value)
    masked = mask_phone_numbers(escape_control_chars(text))
    return value if masked == text else masked
