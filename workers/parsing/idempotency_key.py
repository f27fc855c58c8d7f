"""Identity: equal keys mean the same event, sent again.

    m:<type>:<wamid>                 a message; with its type, since an edit or a revocation may bear the id of
                                     the message that it changes
    m:<type>:<id>@<customer>         a message whose id is no wamid, and so perhaps unique to its sender only
    s:<wamid>:<status>:<recipient>   a status: one message has several, in groups one for each participant
    u:<digest>                       no id: the content itself, together with the id of its delivery

A key is printable ASCII of at most 256 characters, so it fits every store. An id that does not lend itself to
that is shown escaped and cut, with a digest of the whole id, so that different ids stay different.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import orjson

from workers.parsing.addresses import recipient, sender
from workers.parsing.coerce import Json, as_identifier

MAX_LENGTH = 256  # characters, and bytes: they are ASCII
_DIGEST = 32  # hexadecimal characters, 128 bits


def message_key(kind: str, body: Json, delivery: Any) -> str:
    """The key of a message of that type; `delivery` is the webhook's own id (any JSON value), None if it has none."""
    wamid = as_identifier(body.get("id"))
    if wamid is None:
        return content_key(body, delivery)
    if wamid.startswith("wamid."):
        key = f"m:{kind}:{wamid}"
        return key if _is_plain(key) else _escaped("m", kind, wamid)
    customer = sender(body) or ""
    key = f"m:{kind}:{wamid}@{customer}"
    return key if "@" not in wamid and _is_plain(key) else _escaped("m", kind, wamid, customer)


def status_key(body: Json, delivery: Any) -> str:
    """The key of a status; `delivery` as for messages."""
    wamid = as_identifier(body.get("id"))
    word = body.get("status")
    if wamid is None or not isinstance(word, str) or not word:
        return content_key(body, delivery)
    whom = recipient(body) or ""
    key = f"s:{wamid}:{word}:{whom}"
    if ":" not in wamid and ":" not in word and _is_plain(key):
        return key
    return _escaped("s", wamid, word, whom)


def content_key(body: Any, delivery: Any) -> str:
    """The key of what has no id: a digest of the JSON value, whatever the order of its names."""
    digest = sha256(_canonical(body))
    if delivery is not None:
        digest.update(b"\n" + _canonical(delivery))
    return f"u:{digest.hexdigest()[:_DIGEST]}"


def _is_plain(key: str) -> bool:
    return key.isascii() and key.isprintable() and len(key) <= MAX_LENGTH


def _escaped(*parts: str) -> str:
    # ascii() takes every string, lone surrogates included; of a tuple it is unambiguous.
    digest = sha256(ascii(parts).encode()).hexdigest()[:_DIGEST]
    shown = ascii(":".join(parts))[1:-1]
    return f"{shown[: MAX_LENGTH - _DIGEST - 1]}~{digest}"


def _canonical(value: Any) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # lone surrogates, integers beyond 64 bits, nesting beyond 254 levels
        return "\n".join(_tokens(value)).encode()


def _tokens(value: Any) -> Iterator[str]:
    """The same for what orjson refuses. A loop, for recursion would fail or not by the depth of the caller's stack."""
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
