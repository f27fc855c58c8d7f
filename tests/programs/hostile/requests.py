"""Requests around mutated bodies: most as they should be, some to elsewhere, some that are not HTTP. Pure."""

from random import Random
from typing import NamedTuple

from tests.programs.hostile.bodies import body, huge
from tests.programs.hostile.values import FRAGMENTS

TOKEN = "the-token"
_PATHS = ("/webhooks", "/webhooks/messages", "/webhooks/statuses")
_ELSEWHERE = (
    *("/", "/webhook", "/webhooksx", "/health/live", "/health/ready", "/health/live/", "//webhooks", "/webhooks//x"),
    *(
        "/webhooks/../health/ready",
        "/webhooks/%2e%2e/x",
        "/%77ebhooks",
        "/webhooks?x=1",
        "/webhooks#x",
        "/webhooks/%00",
    ),
    *("/webhooks/%ff", "/webhooks/%0d%0aX:%20y", "/webhooks/%F0%9F%98%80", "/webhooks/messages/a/b", "*", "http://x/y"),
    *("/webhooks?hub.mode=subscribe&hub.challenge=%00%0a1&hub.verify_token=x", "/webhooks?hub.challenge=" + "1" * 2000),
)
_TOKENS = (
    "",
    "wrong",
    "the-toke",
    "the-token2",
    "THE-TOKEN",
    "the-token,",
    "%74he-token",
    "x" * 4000,
    "messages",
    "%0a",
)
_METHODS = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
#: Headers that mean something to somebody. None changes how long the body is.
_HEADERS = (
    *(
        "X-Hub-Signature-256: sha256=",
        "X-Hub-Signature-256: \xff",
        "X-Forwarded-For: 127.0.0.1, x",
        "Forwarded: for=_x",
    ),
    *("Content-Type: text/plain", "Content-Type: \xff", "Content-Encoding: gzip", "Accept-Encoding: *", "Host: y"),
    *("X-Forwarded-Host: evil.example", "Cookie: " + "c" * 4000, "Range: bytes=0-", "If-None-Match: *", "TE: trailers"),
    *(
        "Expect: 100-continue",
        "X: '; DROP TABLE events; --",
        "X: \x1b[31m",
        "X-HTTP-Method-Override: DELETE",
        "Via: 1.1 x",
    ),
)
#: What makes it no HTTP, or leaves its end open.
_BROKEN = (
    *(b"content-length: -1\r\n", b"content-length: 1\r\n", b"content-length: 99999999\r\n", b"content-length: x\r\n"),
    *(
        b"transfer-encoding: chunked\r\n",
        b"transfer-encoding: identity\r\n",
        b"transfer-encoding: chunked, chunked\r\n",
    ),
    *(
        b"a: b\0c\r\n",
        b"a\0: b\r\n",
        b": x\r\n",
        b"a b: c\r\n",
        b" a: b\r\n",
        b"a: b\rc\r\n",
        b"\r\n",
        b"a: " + b"b" * 40_000,
    ),
    *(b"connection: upgrade\r\nupgrade: h2c\r\n", b"a: b\r\n" * 200, b"expect: 200-ok\r\n", b"connection: close\r\n"),
)


class Attempt(NamedTuple):
    """One request. An answer is owed to every one but a broken one, which is made with a wrong token."""

    raw: bytes
    body: bytes
    kind: str  # "body": in all else as it should be; "head": valid HTTP, but to elsewhere; "broken": maybe no HTTP


def attempt(seed: int, number: int) -> Attempt:
    """The request of that number."""
    random = Random(f"{seed}/{number}")
    found = body(random)
    chance = random.random()
    if chance < 0.92:
        return Attempt(_whole(random, found), found, "body")
    if chance < 0.97:
        return Attempt(_elsewhere(random, found), found, "head")
    return Attempt(_damaged(random, found), found, "broken")


def large(seed: int, number: int) -> Attempt:
    """One of those that an ingress needs the most memory for."""
    random = Random(f"{seed}/large/{number}")
    found = huge(random)
    return Attempt(_whole(random, found), found, "body")


def _request(method: str, path: str, headers: list[str], found: bytes, framing: bytes = b"") -> bytes:
    lines = "".join(f"{line}\r\n" for line in (f"{method} {path} HTTP/1.1", "Host: x", *headers))
    return lines.encode("latin-1") + (framing or b"Content-Length: %d\r\n\r\n" % len(found)) + found


def _whole(random: Random, found: bytes) -> bytes:
    path = random.choice(_PATHS)
    headers = ["Content-Type: application/json"]
    if random.random() < 0.5:
        path += f"/{TOKEN}"
    else:
        headers.append(f"X-Webhook-Token: {TOKEN}")
    if random.random() < 0.1:
        return _request("POST", path, headers, _chunked(random, found), b"Transfer-Encoding: chunked\r\n\r\n")
    return _request("POST", path, headers, found)


def _chunked(random: Random, found: bytes) -> bytes:
    size = max(1, len(found) // random.choice((1, 2, 7)), len(found) // 200)
    parts = [found[start : start + size] for start in range(0, len(found), size)]
    extension = random.choice((b"", b";a=b", b';x="y"'))
    trailer = random.choice((b"", b"", b"X-Webhook-Token: other\r\n"))
    return b"".join(b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts) + b"0\r\n" + trailer + b"\r\n"


def _elsewhere(random: Random, found: bytes) -> bytes:
    headers = random.choices(_HEADERS, k=random.choice((0, 1, 3)))
    path = random.choice(_PATHS)
    if random.random() < 0.4:
        path = random.choice(_ELSEWHERE)
    elif random.random() < 0.6:
        token = random.choice((*_TOKENS, TOKEN))
        path, headers = (
            (f"{path}/{token}", headers) if random.random() < 0.5 else (path, [*headers, f"X-Webhook-Token: {token}"])
        )
    method = random.choice(_METHODS) if random.random() < 0.4 else "POST"
    return _request(method, path, headers, found)


def _damaged(random: Random, found: bytes) -> bytes:
    raw = _request("POST", "/webhooks", ["X-Webhook-Token: wrong"], found)
    head, _, rest = raw.partition(b"\r\n\r\n")
    chance = random.random()
    if chance < 0.4:
        return head + b"\r\n" + random.choice(_BROKEN) + b"\r\n" + rest
    damaged = bytearray(head)
    for _ in range(random.choice((1, 2, 5))):
        damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
    if chance < 0.8:
        return bytes(damaged) + b"\r\n\r\n" + rest
    place = random.randrange(len(head))
    return head[:place] + random.choice(FRAGMENTS) + head[place:] + b"\r\n\r\n" + rest
