"""JSON as real senders write it.

orjson is fast and strict (RFC 8259, and 64-bit integers). Real webhooks hold lone surrogates (an emoji cut in
half in a profile name), integers beyond 64 bits and a byte order mark. All of these are valid deliveries: what
orjson refuses is given to the standard library, which takes them.

What nests deeper than any webhook does is refused: whoever writes it again or walks it may run out of stack, and that
would take its neighbours along. So is what holds many more values than any webhook does: three megabytes of `[],`
become ninety of objects, and take a third of a second in which nobody else is served.
"""

import json
import math
import re
from typing import Any

import orjson

from shared.errors import InvalidJSON

_BOM = b"\xef\xbb\xbf"
#: A number that may not fit 64 bits. orjson would read it as a float and so change it without a word.
_LONG_NUMBER = re.compile(rb"[\s:,\[]-?[0-9]{19}")
_AS_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_LONG = b"0" * 19
_MAX_INT_DIGITS = 4000  # CPython refuses to read an int of over 4,300 digits (sys.int_info); such a one stays text
#: Levels of objects and lists in each other that a webhook may have, and any text: Sluice puts a few around it.
MAX_NESTING = 200
_MAX_NESTING_WRAPPED = 210  # orjson writes 254
#: Objects, lists and commas, and so about the values, that a webhook may have. Real ones have one in 18 to 30 bytes,
#: which makes 180,000 in Meta's largest of 3 MB.
MAX_PARTS = 250_000
_MAX_PARTS_WRAPPED = 2 * MAX_PARTS
_WINDOW = 64 * 1024  # bytes that are looked at at once, so that millions of short strings are never a list
_MAX_SURROGATE_HALVES = 100_000  # halves of characters as bytes (CESU-8), of which each costs half a microsecond
_HALVES = [b"\xed" + bytes([second]) for second in range(0xA0, 0xC0)]


def loads(text: bytes) -> Any:
    """Return the exact value of a JSON text in UTF-8. Raise InvalidJSON, with the parser's reason, otherwise."""
    value = _parse(text, _MAX_NESTING_WRAPPED, _MAX_PARTS_WRAPPED)
    # A long number that stands alone has nothing before it, and is a float by now.
    if isinstance(value, float) or _has_long_number(text):
        return _loads_tolerant(text, None)
    return value


def _has_long_number(text: bytes) -> bool:
    # Nearly no webhook has so many digits in a row anywhere, and to see that takes a quarter of the pattern's time.
    return _LONG in text.translate(_AS_ZEROS) and _LONG_NUMBER.search(text) is not None


def validate(text: bytes) -> Any:
    """A webhook's value, cheaper: long integers may come back rounded. Raises InvalidJSON where `loads` would."""
    return _parse(text, MAX_NESTING, MAX_PARTS)


def dumps(value: Any) -> bytes:
    """Compact JSON in UTF-8 of any value that `loads` returns."""
    try:
        # A copy: what orjson returns keeps its buffer, 4 KB, however short it is; a batch may have 100,000 of them.
        return bytes(memoryview(orjson.dumps(value)))
    except TypeError:  # lone surrogates, integers beyond 64 bits
        return json.dumps(value, separators=(",", ":")).encode()


def _parse(text: bytes, most_nested: int, most_parts: int) -> Any:
    if len(text) > most_parts and _has_more_parts(text, most_parts):
        raise InvalidJSON(f"over {most_parts} values")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        value = _loads_tolerant(text, error)
    if text.count(b"{") + text.count(b"[") > most_nested:
        _check_nesting(value, most_nested)
    return value


def _loads_tolerant(text: bytes, first: orjson.JSONDecodeError | None) -> Any:
    if len(text) > _MAX_SURROGATE_HALVES and text.count(b"\xed") > _MAX_SURROGATE_HALVES < sum(
        map(text.count, _HALVES)
    ):
        raise InvalidJSON(f"over {_MAX_SURROGATE_HALVES} halves of characters")
    try:
        # surrogatepass: some senders encode the halves of a surrogate pair one by one (CESU-8).
        decoded = _joined(text.removeprefix(_BOM).decode("utf-8", "surrogatepass"))
        return json.loads(decoded, parse_constant=_no_constant, parse_int=_integer, parse_float=_float)
    except RecursionError:
        raise InvalidJSON("nested too deeply") from None
    except UnicodeDecodeError as error:
        raise InvalidJSON(f"not UTF-8 at byte {error.start}") from None
    except ValueError as error:
        raise InvalidJSON(str(first or error)) from None  # orjson's reasons name line and column


def _joined(text: str) -> str:
    """The text with halves that stand side by side made one character; a half that stands alone stays."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) < _MAX_INT_DIGITS else digits


def _float(digits: str) -> float | str:
    value = float(digits)
    return value if math.isfinite(value) else digits  # as with integers: beyond a double it stays text


def _has_more_parts(text: bytes, most: int) -> bool:
    """Whether a text, if it is JSON, has more brackets and commas than that outside of its strings."""
    if _parts(text) <= most:
        return False
    bare = text.replace(b"\\\\", b"").replace(b'\\"', b"")  # every quotation mark left begins or ends a string
    found = inside = 0
    for start in range(0, len(bare), _WINDOW):
        pieces = bare[start : start + _WINDOW].split(b'"')
        found += _parts(b"".join(pieces[inside::2]))
        if found > most:
            return True
        inside ^= (len(pieces) - 1) & 1
    return False


def _parts(text: bytes) -> int:
    return text.count(b"[") + text.count(b"{") + text.count(b",")


def _check_nesting(value: Any, most: int) -> None:
    """Raises InvalidJSON for more levels. Level by level, since recursion would need the stack itself."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(most):
        level = [
            inner
            for part in level
            for inner in (part.values() if isinstance(part, dict) else part)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return
    raise InvalidJSON(f"nested too deeply, over {most} levels")
