"""Reading a whole stream, a page in memory at a time."""

from collections.abc import Iterator
from typing import Any

import redis

_AT_ONCE = 500
Entry = tuple[bytes, dict[bytes, bytes]]  # id and fields


def pages(client: redis.Redis, stream: str) -> Iterator[list[Entry]]:
    """Its entries, the oldest first. Those of a page may be removed before the next is asked for. Raises RedisError."""
    start = "-"
    while True:
        page: Any = client.xrange(stream, start, "+", count=_AT_ONCE)
        yield page
        if len(page) < _AT_ONCE:
            return
        start = f"({page[-1][0].decode()}"
