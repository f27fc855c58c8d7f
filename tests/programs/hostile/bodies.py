"""Mutated webhooks: real ones, of every shape, damaged in every way. Pure: the same random numbers, the same body."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from shared.wire import lenient_json
from tests.programs.hostile.values import FRAGMENTS, VALUES
from workers.devtools import samples

_PAGES = sorted(Path(__file__).parents[2].glob("support/payloads/*.json"))
#: Real webhooks, as they came.
SHAPES: tuple[bytes, ...] = (*map(samples.load, samples.names()), *(page.read_bytes() for page in _PAGES))
_DOCUMENTS: tuple[Any, ...] = tuple(map(lenient_json.loads, SHAPES))
_COMPACT: tuple[bytes, ...] = tuple(map(lenient_json.dumps, _DOCUMENTS))
_DEPTHS = (50, 150, 198, 199, 200, 201, 210, 255, 500, 1000, 1025, 5000)
_BOMB = 100_000
_MIB = 1024 * 1024


def body(random: Random) -> bytes:
    """One body. Most are of about a kilobyte; one in some thousands is of megabytes."""
    found = random.choice(_MAKERS)(random)
    for _ in range(random.choice((0, 0, 0, 1, 1, 3))):
        found = random.choice(_DAMAGES)(random, found)
    return found


def _as_it_is(random: Random) -> bytes:
    return random.choice(SHAPES)


def _compact(random: Random) -> bytes:
    return random.choice(_COMPACT)


def _splice(random: Random) -> bytes:
    one, other = random.choice(_COMPACT), random.choice(_COMPACT)
    return one[: random.randrange(len(one))] + other[random.randrange(len(other)) :]


def _swapped(random: Random) -> bytes:
    """With other values in some places."""
    document = copy.deepcopy(random.choice(_DOCUMENTS))
    for _ in range(random.choice((1, 1, 2, 4))):
        document = _with(random, document, copy.deepcopy(random.choice(VALUES)))
    return lenient_json.dumps(document)


def _transplanted(random: Random) -> bytes:
    """With parts of another webhook in some places."""
    document, other = copy.deepcopy(random.choice(_DOCUMENTS)), random.choice(_DOCUMENTS)
    return lenient_json.dumps(_with(random, document, copy.deepcopy(_any_part(random, other))))


def _renamed(random: Random) -> bytes:
    """With a name that is another one's, and maybe there twice."""
    found = random.choice(_COMPACT)
    names = [part.split(b'"')[-2] for part in found.split(b'":')[:-1] if part.count(b'"') >= 2]
    return found.replace(b'"%b":' % random.choice(names), b'"%b":' % random.choice(names), random.choice((1, -1)))


def _nested(random: Random) -> bytes:
    """With something deep in one place, or nothing else at all."""
    depth = random.choice(_DEPTHS)
    opening, closing = random.choice((("[", "]"), ('{"a":', "}"), ('[{"messages":', "}]")))
    deep = opening * depth + "1" + closing * depth
    if random.random() < 0.3:
        return deep.encode()
    document = _with(random, copy.deepcopy(random.choice(_DOCUMENTS)), "\x02deep\x02")
    return lenient_json.dumps(document).replace(b'"\\u0002deep\\u0002"', deep.encode())


def _numbered(random: Random) -> bytes:
    """With another number in place of one, or of a text of digits."""
    digits = random.choice(("9" * 30, "-" + "9" * 4301, "1e999999", "0." + "1" * 5000, "-0", "1E-999", "9" * 3999))
    document = _with(random, copy.deepcopy(random.choice(_DOCUMENTS)), "\x02number\x02")
    return lenient_json.dumps(document).replace(b'"\\u0002number\\u0002"', digits.encode())


def _many(random: Random) -> bytes:
    """One webhook's entries again and again, or several webhooks in one list."""
    document = random.choice(_DOCUMENTS)
    times = random.choice((2, 3, 10, 50))
    if random.random() < 0.5 or not isinstance(document, dict):
        return lenient_json.dumps([document] * times)
    return lenient_json.dumps(
        {name: part * times if isinstance(part, list) else part for name, part in document.items()}
    )


def _huge(random: Random) -> bytes:
    """Rarely, since it takes long."""
    return huge(random) if random.random() < 0.005 else _compact(random)


def huge(random: Random) -> bytes:
    """Megabytes, in one of a few ways."""
    size = random.choice((100_000, 300_000, _MIB, 3 * _MIB - 1, 3 * _MIB, 3 * _MIB + 1))
    unit = random.choice((b"[],", b"0,", b'{"":{}},', b'"",', b"1e999,", b'{"messages":[{}]},', b"x"))
    if unit == b"x":
        return b'{"messages":{"type":"text","text":{"body":"' + b"x" * (size - 46) + b'"}}}'
    return b"[" + unit * ((size - 3) // len(unit)) + b"0]"


def _bomb(random: Random) -> bytes:
    return random.choice((b"[", b'{"a":', b"[{")) * (_BOMB if random.random() < 0.01 else 300)


def _noise(random: Random) -> bytes:
    if random.random() < 0.5:
        return random.randbytes(random.randrange(100))
    return b"".join(
        random.choices((*FRAGMENTS, b'"', b"{", b"}", b"[", b"]", b":", b",", b"1"), k=random.randrange(30))
    )


_MAKERS: tuple[Callable[[Random], bytes], ...] = (
    *(_as_it_is, _compact, _compact, _splice, _splice, _swapped, _swapped, _swapped, _swapped, _transplanted),
    *(_transplanted, _renamed, _nested, _numbered, _many, _huge, _bomb, _noise),
)


def _flipped(random: Random, found: bytes) -> bytes:
    damaged = bytearray(found)
    for _ in range(random.choice((1, 1, 2, 8)) if damaged else 0):
        damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
    return bytes(damaged)


def _truncated(random: Random, found: bytes) -> bytes:
    return found[: random.randrange(len(found) + 1)]


def _slice(random: Random, found: bytes) -> tuple[int, int]:
    start = random.randrange(len(found) + 1)
    return start, min(len(found), start + random.choice((1, 2, 5, 20, 200)))


def _repeated(random: Random, found: bytes) -> bytes:
    start, end = _slice(random, found)
    return found[:end] + found[start:end] * random.choice((1, 1, 3)) + found[end:]


def _cut(random: Random, found: bytes) -> bytes:
    start, end = _slice(random, found)
    return found[:start] + found[end:]


def _inserted(random: Random, found: bytes) -> bytes:
    place = random.randrange(len(found) + 1)
    return found[:place] + random.choice(FRAGMENTS) + found[place:]


_DAMAGES: tuple[Callable[[Random, bytes], bytes], ...] = (_flipped, _truncated, _repeated, _cut, _inserted, _inserted)


def _with(random: Random, document: Any, value: Any) -> Any:
    """The document with that value in some place of it, which may be the whole of it."""
    place = document
    while True:
        names = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not names:
            return document if place is not document else value
        name = random.choice(names)
        inner = place[name]
        if not isinstance(inner, (dict, list)) or random.random() < 0.3:
            place[name] = value
            return document
        place = inner


def _any_part(random: Random, document: Any) -> Any:
    part = document
    while isinstance(part, (dict, list)) and part and random.random() < 0.6:
        part = random.choice(list(part.values()) if isinstance(part, dict) else part)
    return part


def described(found: bytes) -> str:
    """A body for a report: its beginning, printable."""
    return json.dumps(found[:200].decode("latin-1")) + (
        f" and {len(found) - 200} bytes more" if len(found) > 200 else ""
    )
