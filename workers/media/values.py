"""Single values of a media API's answer, read tolerantly: what cannot be used is None."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

#: The longest wait that a Retry-After may ask for, in seconds: a mistaken date must not park an event for a year.
MAX_RETRY_AFTER = 3600.0
_UNUSABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]+")  # control characters and halves of characters
_LARGEST = 2**63 - 1  # what a SQL BIGINT holds


def text(value: Any) -> str | None:
    """A non-empty string, cleaned of what neither PostgreSQL nor UTF-8 can hold."""
    return (_UNUSABLE.sub(" ", value).strip() or None) if isinstance(value, str) else None


def web_address(value: Any) -> str | None:
    """An http or https URL exactly as it came; other schemes are dangerous wherever it is shown as a link."""
    if not isinstance(value, str) or _UNUSABLE.search(value):
        return None
    return value if re.match(r"https?://[^\s/]", value, re.IGNORECASE) else None


def size(value: Any) -> int | None:
    """A number that counts something, also where it came as a string or with a decimal point."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,19}", value.strip(), re.ASCII):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= _LARGEST else None


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait from `now` (aware), at most LONGEST_WAIT. RFC 9110, 10.2.3: seconds or an HTTP-date."""
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
