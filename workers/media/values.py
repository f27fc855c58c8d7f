"""Lenient readers for single values of the media API's response: a value that cannot be used is None."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

#: Seconds. A longer Retry-After is cut to this: a wrong date must not delay an event for a year.
MAX_RETRY_AFTER = 3600.0
_UNUSABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]+")  # control characters and lone surrogates
_MAX_COUNT = 2**63 - 1  # what a SQL BIGINT holds


def as_clean_text(value: Any) -> str | None:
    """Return a non-empty string without characters that PostgreSQL or UTF-8 cannot hold."""
    return (_UNUSABLE.sub(" ", value).strip() or None) if isinstance(value, str) else None


def as_http_url(value: Any) -> str | None:
    """Return an http or https URL unchanged. Other schemes are dangerous wherever the URL is shown as a link."""
    if not isinstance(value, str) or _UNUSABLE.search(value):
        return None
    return value if re.match(r"https?://[^\s/]", value, re.IGNORECASE) else None


def as_count(value: Any) -> int | None:
    """Return a count (0 or more), which may come as a string or with a decimal point."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,19}", value.strip(), re.ASCII):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= _MAX_COUNT else None


def retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds to wait from `now` (aware), at most MAX_RETRY_AFTER.

    RFC 9110, 10.2.3: the value is a number of seconds or an HTTP-date.
    """
    if value is None:
        return None
    value = value.strip()
    # float, not int: CPython refuses to read an int of thousands of digits, while float answers inf.
    seconds = float(value) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", value, re.ASCII) else _seconds_until(value, now)
    return None if seconds is None else min(max(seconds, 0.0), MAX_RETRY_AFTER)


def _seconds_until(date: str, now: datetime) -> float | None:
    try:
        then = parsedate_to_datetime(date)
        if then.tzinfo is None:  # "-0000", and the asctime form, mean UTC
            then = then.replace(tzinfo=UTC)
        return (then - now).total_seconds()
    except (ValueError, OverflowError):
        return None
