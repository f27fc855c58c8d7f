"""Lenient readers: the value where it is of the right kind, None where it is not. None of them raises.

Real senders write numbers as text, times in milliseconds and phone numbers with brackets; the providers' pages
promise none of it. A value that cannot be read is never an error: the payload itself is kept beside it.
"""

from datetime import UTC, datetime
from math import isfinite
from typing import Any

#: One JSON object, as the parser made it.
Json = dict[str, Any]

_NUMERIC = frozenset({int, float, str})  # by exact type, so that true and false are no numbers
_BINARY = frozenset({bool, int})
_MILLISECONDS = 1e11  # as seconds this would be the year 5138, as milliseconds 1973
_EMPTY: Json = {}
#: What people put between the digits of a phone number, the dashes and spaces of word processors included.
_SEPARATORS = dict.fromkeys(map(ord, "+-().[]/ \t\u00a0\u2010\u2011\u2012\u2013\u200e\u202a\u202c"))
_WORDS = {"true": True, "false": False, "1": True, "0": False}
_MAX_ID_LENGTH = 10**255  # CPython refuses to write an int of over 4,300 digits as text
_MAX_DIGITS = 40  # well beyond 64 bits
_BEYOND_64_BITS = 1 << 63  # no column and no wire format takes more


def as_object(value: Any) -> Json:
    """The object, or an empty one (shared: only for reading)."""
    return value if isinstance(value, dict) else _EMPTY


def as_list(value: Any) -> list[Any]:
    """The entries of a list; any other value as a list of one; null and a missing value as an empty one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def as_text(value: Any) -> str | None:
    """Text exactly as it came, also when it is empty."""
    return value if isinstance(value, str) else None


def as_identifier(value: Any) -> str | None:
    """An id, which some senders write as a number. Empty is none."""
    if isinstance(value, str):
        return value or None
    return str(value) if type(value) is int and abs(value) < _MAX_ID_LENGTH else None


def as_integer(value: Any) -> int | None:
    """A whole number that fits 64 bits, also written as text or as 3.0."""
    if isinstance(value, str) and len(value) < _MAX_DIGITS and value.strip().removeprefix("-").isdecimal():
        value = int(value)  # not by way of a float, which is exact to 15 digits only
    elif isinstance(value, str | float):
        read = as_number(value)
        value = int(read) if read is not None and read.is_integer() else None
    return value if type(value) is int and -_BEYOND_64_BITS <= value < _BEYOND_64_BITS else None


def as_number(value: Any) -> float | None:
    """A finite number, also written as text."""
    if type(value) not in _NUMERIC:
        return None
    try:
        read = float(value)
    except (ValueError, OverflowError):  # words; an integer beyond any float
        return None
    return read if isfinite(read) else None


def as_boolean(value: Any) -> bool | None:
    """True or false, also written as text or as 0 and 1."""
    if isinstance(value, str):
        return _WORDS.get(value.lower())
    return bool(value) if type(value) in _BINARY and value in {0, 1} else None


def as_timestamp(value: Any) -> datetime | None:
    """A moment in UTC, from seconds or milliseconds since 1970, as a number or as text.

    The provider's page shows seconds as text; numbers and milliseconds were seen in the wild. Zero and below
    stand for a missing value.
    """
    seconds = as_number(value)
    if seconds is None:
        return None
    if seconds >= _MILLISECONDS:
        seconds /= 1000
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _MILLISECONDS else None


def as_phone(value: Any) -> str | None:
    """Whom an address names: a phone number as its digits only; any other id whole; None where there is nothing.

    Ids that are no numbers are business-scoped ones (`US.1234…`, `CO.ENT.99…`, Meta since 2025), groups
    (`…@g.us`) and masked numbers (`9198****21`): to take their digits only would merge different people.
    """
    who = as_identifier(value)
    if who is None or (who.isdecimal() and who.isascii()):
        return who
    digits = who.translate(_SEPARATORS)
    if digits.isdecimal() and digits.isascii():
        return digits
    return (who.strip() or None) if digits else None
