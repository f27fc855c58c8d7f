"""JSON as real senders write it.

orjson is fast and strict (RFC 8259, and 64-bit integers). Real webhooks hold lone surrogates (an emoji cut in
half in a profile name), integers beyond 64 bits and a byte order mark. All of these are valid deliveries: what
orjson refuses is given to the standard library, which takes them.
"""

import json
import re
from typing import Any

import orjson

from shared.errors import NotJSON

_BOM = b"\xef\xbb\xbf"
#: A number that may not fit 64 bits. orjson would read it as a float and so change it without a word.
_LONG_NUMBER = re.compile(rb"[\s:,\[]-?[0-9]{19}")
_MAX_INT_DIGITS = 4000  # CPython refuses to read an int of over 4,300 digits (sys.int_info); such a one stays text


def loads(text: bytes) -> Any:
    """The value of a JSON text in UTF-8, exact. Raises NotJSON, with the parser's reason, for all that is no JSON."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return _loads_tolerant(text, error)
    return value if _LONG_NUMBER.search(text) is None else _loads_tolerant(text, None)


def check(text: bytes) -> Any:
    """As `loads`, cheaper: long integers may come back rounded. For deciding whether a text is JSON."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return _loads_tolerant(text, error)


def dumps(value: Any) -> bytes:
    """Compact JSON in UTF-8 of any value that `loads` returns."""
    try:
        return orjson.dumps(value)
    except TypeError:  # lone surrogates, integers beyond 64 bits, nesting beyond orjson's 254 levels
        return json.dumps(value, separators=(",", ":")).encode()


def _loads_tolerant(text: bytes, first: orjson.JSONDecodeError | None) -> Any:
    try:
        # surrogatepass: some senders encode the halves of a surrogate pair one by one (CESU-8).
        decoded = text.removeprefix(_BOM).decode("utf-8", "surrogatepass")
        return json.loads(decoded, parse_constant=_no_constant, parse_int=_integer)
    except RecursionError:
        raise NotJSON("nested too deeply") from None
    except UnicodeDecodeError as error:
        raise NotJSON(f"not UTF-8 at byte {error.start}") from None
    except ValueError as error:
        raise NotJSON(str(first or error)) from None  # orjson's reasons name line and column


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) < _MAX_INT_DIGITS else digits
