"""Read a whole stream while holding only one page of it in memory."""

from collections.abc import Iterator
from typing import Any

import redis

PAGE_SIZE = 500
StreamEntry = tuple[bytes, dict[bytes, bytes]]  # id and fields


def iter_pages(
    client: redis.Redis, stream: str, *, first: str = "-", last: str = "+", latest_first: bool = False
) -> Iterator[list[StreamEntry]]:
    """Yield the stream's entries from id `first` to id `last`, page by page, the oldest or the latest first.

    The entries of a page may be removed before the next page is requested. Raises RedisError.
    """
    while True:
        page: Any = (
            client.xrevrange(stream, last, first, count=PAGE_SIZE)
            if latest_first
            else client.xrange(stream, first, last, count=PAGE_SIZE)
        )
        yield page
        if len(page) < PAGE_SIZE:
            return
        after = f"({page[-1][0].decode()}"
        first, last = (first, after) if latest_first else (after, last)


def iter_entries(
    client: redis.Redis, stream: str, *, first: str = "-", last: str = "+", latest_first: bool = False
) -> Iterator[StreamEntry]:
    """Yield the entries of `iter_pages` one by one."""
    for page in iter_pages(client, stream, first=first, last=last, latest_first=latest_first):
        yield from page
