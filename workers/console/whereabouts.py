"""Where in a lane an event is now: whether it waits, will be tried again, or is dead. A bounded look, in pages.

It is looked for from the time of its receipt on, since it came into the lane, and died there, after that; so it is
mostly in the first page.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import redis

from shared.lanes import keys as names
from shared.wire import lenient_json
from workers.lanes.status import DeadLetter, read_dead_letter
from workers.operations.scheduled_retries import Upcoming, read_upcoming

_AT_ONCE, _MOST = 200, 2000
#: The ingress's clock, which tells when an event came, may be ahead of Redis' by so much (ms).
_CLOCKS = 60_000


class Waits(NamedTuple):
    """It is in the lane's stream: it waits, or is being handled."""

    certain: bool  # False: so much waits that not all was looked at, and it may be among the rest


def find(client: redis.Redis, lane: str, key: str, received_ms: int) -> Waits | Upcoming | DeadLetter | None:
    """The event with that key; None where it is not in the lane (any more). Raises RedisError."""
    # As an entry holds it.
    mark, base, start = lenient_json.dumps(key), names.stream(lane), str(max(received_ms - _CLOCKS, 0))
    dead, _ = _in_stream(client, f"{base}:dead", start, mark)
    if dead is not None:
        return read_dead_letter(lane, *dead)
    for member, due in _retries(client, f"{base}:retry"):
        if mark in member:
            return read_upcoming(member, due)
    looked = [_in_stream(client, stream, start, mark) for stream in (base, names.suspects(lane))]
    if any(found for found, _ in looked):
        return Waits(certain=True)
    return None if all(complete for _, complete in looked) else Waits(certain=False)


def _in_stream(client: redis.Redis, stream: str, start: str, mark: bytes) -> tuple[Any, bool]:
    """The entry that holds the mark, and whether all were looked at."""
    for _ in range(_MOST // _AT_ONCE):
        page: Any = client.xrange(stream, start, "+", count=_AT_ONCE)
        for entry in page:
            if mark in entry[1].get(b"d", b""):
                return entry, True
        if len(page) < _AT_ONCE:
            return None, True
        start = f"({page[-1][0].decode()}"
    return None, False


def _retries(client: redis.Redis, key: str) -> Iterator[tuple[bytes, float]]:
    for first in range(0, _MOST, _AT_ONCE):
        page: Any = client.zrange(key, first, first + _AT_ONCE - 1, withscores=True)
        yield from page
        if len(page) < _AT_ONCE:
            return
