"""Lenient readers of single JSON values: each returns None for a value of another kind, and none of them raises.

Real senders write numbers as text, times in milliseconds and phone numbers with brackets, none of which the providers'
pages mention. A value that cannot be read is never an error, since the payload is kept as it came.
"""

from datetime import UTC, datetime
from math import isfinite
from typing import Any

#: A JSON object.
Json = dict[str, Any]

_NUMERIC = frozenset({int, float, str})  # by exact type: true and false are not numbers
_BINARY = frozenset({bool, int})
_MILLISECONDS = 1e11  # as seconds the year 5138, as milliseconds 1973
_EMPTY: Json = {}
#: Characters between the digits of phone numbers, with the dashes and spaces of word processors.
_SEPARATORS = dict.fromkeys(map(ord, "+-().[]/ \t\u00a0\u2010\u2011\u2012\u2013\u200e\u202a\u202c"))
_WORDS = {"true": True, "false": False, "1": True, "0": False}
_MAX_NUMERIC_ID = 10**255  # CPython refuses to convert an int of over 4,300 digits to text
_MAX_DIGITS = 40  # well beyond 64 bits
_BEYOND_64_BITS = 1 << 63  # too large for any column or wire format


def as_object(value: Any) -> Json:
    """Return the object, or an empty one (shared: do not change it)."""
    return value if isinstance(value, dict) else _EMPTY


def as_list(value: Any) -> list[Any]:
    """Return a list unchanged, null or a missing value as an empty list, any other value as a list of one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def as_text(value: Any) -> str | None:
    """Return text unchanged, even if it is empty."""
    return value if isinstance(value, str) else None


def as_identifier(value: Any) -> str | None:
    """Return an id, which some senders write as a number; None if it is empty."""
    if isinstance(value, str):
        return value or None
    return str(value) if type(value) is int and abs(value) < _MAX_NUMERIC_ID else None


def as_integer(value: Any) -> int | None:
    """Return an integer of at most 64 bits, which may be written as text or as 3.0."""
    if isinstance(value, str) and len(value) < _MAX_DIGITS and value.strip().removeprefix("-").isdecimal():
        value = int(value)  # not through a float, which is exact to 15 digits only
    elif isinstance(value, str | float):
        number = as_number(value)
        value = int(number) if number is not None and number.is_integer() else None
    return value if type(value) is int and -_BEYOND_64_BITS <= value < _BEYOND_64_BITS else None


def as_number(value: Any) -> float | None:
    """Return a finite number, which may be written as text."""
    if type(value) not in _NUMERIC:
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):  # not a number; an integer too large for a float
        return None
    return number if isfinite(number) else None


def as_boolean(value: Any) -> bool | None:
    """Return a boolean, which may be written as text or as 0 and 1."""
    if isinstance(value, str):
        return _WORDS.get(value.lower())
    return bool(value) if type(value) in _BINARY and value in {0, 1} else None


def as_timestamp(value: Any) -> datetime | None:
    """Return a time in UTC, from seconds or milliseconds since 1970, as a number or as text.

    The provider's page shows seconds as text; numbers and milliseconds occur in real traffic. Zero and negative numbers
    count as missing.
    """
    seconds = as_number(value)
    if seconds is None:
        return None
    if seconds >= _MILLISECONDS:
        seconds /= 1000
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _MILLISECONDS else None


def as_phone(value: Any) -> str | None:
    """Return a phone number as its digits, any other id unchanged; None if it is missing or empty.

    Other ids are business-scoped ids (`US.1234…`, `CO.ENT.99…`, Meta since 2025), groups (`…@g.us`) and masked numbers
    (`9198****21`): reducing them to their digits would confuse different people.
    """
    address = as_identifier(value)
    if address is None or (address.isdecimal() and address.isascii()):
        return address
    digits = address.translate(_SEPARATORS)
    if digits.isdecimal() and digits.isascii():
        return digits
    return (address.strip() or None) if digits else None
