"""Parse JSON as real senders write it.

orjson is fast and strict (RFC 8259, and 64-bit integers). Real webhooks contain lone surrogates (an emoji cut in half
in a profile name), integers beyond 64 bits and a byte order mark. All of these are valid deliveries: what orjson
rejects is passed to the standard library, which accepts it.

A body that is nested deeper than any webhook is rejected: the code that serialises or walks it might run out of stack,
which would also affect the webhooks processed with it. So is a body with many more values than any webhook: three
megabytes of `[],` become ninety megabytes of objects, and parsing them blocks the process for a third of a second.
"""

import json
import math
import re
from typing import Any

import orjson

from shared.errors import InvalidJSON

_BOM = b"\xef\xbb\xbf"
#: A number that may not fit into 64 bits. orjson would read it as a float, and so silently change it.
_LONG_NUMBER = re.compile(rb"[\s:,\[]-?[0-9]{19}")
_AS_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_LONG = b"0" * 19
_MAX_INT_DIGITS = 4000  # CPython cannot parse an int of over 4,300 digits (sys.int_info); it stays text
#: Maximum nesting of objects and lists in a webhook, and in any text, since Sluice wraps webhooks in a few more.
MAX_NESTING = 200
_MAX_NESTING_WRAPPED = 210  # orjson can write 254
#: Maximum number of objects, lists and commas, and so about the number of values, in a webhook. Real ones have one per
#: 18 to 30 bytes, which makes 180,000 in Meta's largest webhooks of 3 MB.
MAX_PARTS = 250_000
_MAX_PARTS_WRAPPED = 2 * MAX_PARTS
_WINDOW_BYTES = 64 * 1024  # scanned at a time, so that millions of short strings are never in one list
_MAX_SURROGATES = 100_000  # surrogates encoded one by one (CESU-8); each takes half a microsecond
_SURROGATE_PREFIXES = [b"\xed" + bytes([second]) for second in range(0xA0, 0xC0)]


def loads(text: bytes) -> Any:
    """Return the exact value of a JSON text in UTF-8. Raises InvalidJSON with the parser's reason."""
    value = _parse(text, _MAX_NESTING_WRAPPED, _MAX_PARTS_WRAPPED)
    # The pattern does not match a long number that is the whole text; it has become a float.
    if isinstance(value, float) or _has_long_number(text):
        return _loads_tolerant(text, None)
    return value


def _has_long_number(text: bytes) -> bool:
    # Hardly any webhook has 19 consecutive digits. Checking for them first takes a quarter of the time of the pattern.
    return _LONG in text.translate(_AS_ZEROS) and _LONG_NUMBER.search(text) is not None


def validate(text: bytes) -> Any:
    """Return a webhook's value, faster than `loads` does: long integers may be rounded. Raises InvalidJSON."""
    return _parse(text, MAX_NESTING, MAX_PARTS)


def dumps(value: Any) -> bytes:
    """Return compact JSON in UTF-8 of any value that `loads` returns."""
    try:
        # A copy: orjson's result keeps a buffer of 4 KB, however short it is, and a batch may have 100,000 of them.
        return bytes(memoryview(orjson.dumps(value)))
    except TypeError:  # lone surrogates, integers beyond 64 bits
        return json.dumps(value, separators=(",", ":")).encode()


def _parse(text: bytes, max_nesting: int, max_parts: int) -> Any:
    if len(text) > max_parts and _has_more_parts(text, max_parts):
        raise InvalidJSON(f"more than {max_parts} values")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        value = _loads_tolerant(text, error)
    if text.count(b"{") + text.count(b"[") > max_nesting:
        _check_nesting(value, max_nesting)
    return value


def _loads_tolerant(text: bytes, orjson_error: orjson.JSONDecodeError | None) -> Any:
    if len(text) > _MAX_SURROGATES and text.count(b"\xed") > _MAX_SURROGATES < sum(
        map(text.count, _SURROGATE_PREFIXES)
    ):
        raise InvalidJSON(f"more than {_MAX_SURROGATES} surrogates")
    try:
        # surrogatepass: some senders encode the two surrogates of a pair one by one (CESU-8).
        decoded = _join_surrogates(text.removeprefix(_BOM).decode("utf-8", "surrogatepass"))
        return json.loads(decoded, parse_constant=_reject_constant, parse_int=_integer, parse_float=_float)
    except RecursionError:
        raise InvalidJSON("nested too deeply") from None
    except UnicodeDecodeError as error:
        raise InvalidJSON(f"not UTF-8 at byte {error.start}") from None
    except ValueError as error:
        raise InvalidJSON(str(orjson_error or error)) from None  # orjson's reasons name line and column


def _join_surrogates(text: str) -> str:
    """Return the text with each surrogate pair joined into one character. A lone surrogate stays."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _reject_constant(word: str) -> None:
    raise ValueError(f"{word} is not valid JSON")


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) < _MAX_INT_DIGITS else digits


def _float(digits: str) -> float | str:
    value = float(digits)
    return value if math.isfinite(value) else digits  # like integers: beyond a double it stays text


def _has_more_parts(text: bytes, limit: int) -> bool:
    """Return whether a text, if it is JSON, has more than `limit` brackets and commas outside its strings."""
    if _parts(text) <= limit:
        return False
    bare = text.replace(b"\\\\", b"").replace(b'\\"', b"")  # each remaining quotation mark begins or ends a string
    count = inside = 0
    for start in range(0, len(bare), _WINDOW_BYTES):
        pieces = bare[start : start + _WINDOW_BYTES].split(b'"')
        count += _parts(b"".join(pieces[inside::2]))
        if count > limit:
            return True
        inside ^= (len(pieces) - 1) & 1
    return False


def _parts(text: bytes) -> int:
    return text.count(b"[") + text.count(b"{") + text.count(b",")


def _check_nesting(value: Any, limit: int) -> None:
    """Raise InvalidJSON for more than `limit` levels. It goes level by level, since recursion would use the stack."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(limit):
        level = [
            inner
            for part in level
            for inner in (part.values() if isinstance(part, dict) else part)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return
    raise InvalidJSON(f"nested too deeply, more than {limit} levels")
