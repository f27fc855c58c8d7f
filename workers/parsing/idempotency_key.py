"""Idempotency keys: events with equal keys are the same event, sent again.

    m:<type>:<wamid>                 a message; with its type, since an edit or a deletion may have the id of the
                                     message that it changes
    m:<type>:<id>@<customer>         a message whose id is not a wamid, so perhaps unique for its sender only
    s:<wamid>:<status>:<recipient>   a status: a message has several, and in groups one per participant
    u:<digest>                       without an id: a digest of the content and of the delivery's id

A key is printable ASCII of at most 256 characters, so it fits every store. An id that does not fit is escaped and cut,
and a digest of the whole id is added, so that different ids have different keys.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import orjson

from workers.parsing.addresses import recipient, sender
from workers.parsing.coerce import Json, as_identifier

MAX_LENGTH = 256  # characters, and bytes: they are ASCII
_DIGEST = 32  # hexadecimal characters, 128 bits


def message_key(type_: str, body: Json, delivery: Any) -> str:
    """Return the key of a message. `delivery` is the webhook's own id (any JSON value); None if it has none."""
    wamid = as_identifier(body.get("id"))
    if wamid is None:
        return content_key(body, delivery)
    if wamid.startswith("wamid."):
        key = f"m:{type_}:{wamid}"
        return key if _is_plain(key) else _escaped("m", type_, wamid)
    customer = sender(body) or ""
    key = f"m:{type_}:{wamid}@{customer}"
    return key if "@" not in wamid and _is_plain(key) else _escaped("m", type_, wamid, customer)


def status_key(body: Json, delivery: Any) -> str:
    """Return the key of a status. `delivery` as for messages."""
    wamid = as_identifier(body.get("id"))
    name = body.get("status")
    if wamid is None or not isinstance(name, str) or not name:
        return content_key(body, delivery)
    customer = recipient(body) or ""
    key = f"s:{wamid}:{name}:{customer}"
    if ":" not in wamid and ":" not in name and _is_plain(key):
        return key
    return _escaped("s", wamid, name, customer)


def content_key(body: Any, delivery: Any) -> str:
    """Return the key of an event without an id: a digest of the JSON value that ignores the order of its names."""
    digest = sha256(_canonical(body))
    if delivery is not None:
        digest.update(b"\n" + _canonical(delivery))
    return f"u:{digest.hexdigest()[:_DIGEST]}"


def _is_plain(key: str) -> bool:
    return key.isascii() and key.isprintable() and len(key) <= MAX_LENGTH


def _escaped(*parts: str) -> str:
    # ascii() accepts every string, even lone surrogates, and is unambiguous for a tuple.
    digest = sha256(ascii(parts).encode()).hexdigest()[:_DIGEST]
    escaped = ascii(":".join(parts))[1:-1]
    return f"{escaped[: MAX_LENGTH - _DIGEST - 1]}~{digest}"


def _canonical(value: Any) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # lone surrogates, integers beyond 64 bits, nesting beyond 254 levels
        return "\n".join(_tokens(value)).encode()


def _tokens(value: Any) -> Iterator[str]:
    """Yield the tokens of a value that orjson refuses. A loop: recursion would depend on the caller's stack depth."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield f"{{{len(part)}"
            for name in sorted(part, reverse=True):
                waiting += (part[name], name)
        elif isinstance(part, list):
            yield f"[{len(part)}"
            waiting += reversed(part)
        else:
            yield hex(part) if type(part) is int else ascii(part)  # ascii() refuses an int of over 4,300 digits
