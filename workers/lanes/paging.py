"""Reading a whole stream, a page in memory at a time."""

from collections.abc import Iterator
from typing import Any

import redis

PAGE_SIZE = 500
Entry = tuple[bytes, dict[bytes, bytes]]  # id and fields


def iter_pages(client: redis.Redis, stream: str, *, latest_first: bool = False) -> Iterator[list[Entry]]:
    """Its entries, the oldest first, or the latest. Those of a page may be removed before the next is asked for.

    Raises RedisError.
    """
    read, start, end = (client.xrevrange, "+", "-") if latest_first else (client.xrange, "-", "+")
    while True:
        page: Any = read(stream, start, end, count=PAGE_SIZE)
        yield page
        if len(page) < PAGE_SIZE:
            return
        start = f"({page[-1][0].decode()}"
