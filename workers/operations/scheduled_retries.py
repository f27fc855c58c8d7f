"""The retries of a lane that are due next."""

from datetime import datetime
from typing import NamedTuple

import redis

from workers.lanes.clock import redis_time_ms
from workers.lanes.reader import LaneReader
from workers.lanes.records import ScheduledRetry
from workers.operations.entries import type_and_key
from workers.operations.format import datetime_from_ms

#: Terms in which retries are counted, and their ends in seconds from now.
_TERMS = (("within a minute", 60), ("within 10 minutes", 600), ("within an hour", 3600))


class UpcomingRetry(NamedTuple):
    """A scheduled retry and its event."""

    due: datetime | None
    attempts: int  # made so far
    error: str  # of the last attempt
    type: str  # of the event; empty for a webhook that is not classified yet
    key: str  # of the event


class RetrySchedule(NamedTuple):
    """When the retries of a lane are due."""

    terms: tuple[tuple[str, int], ...]  # a term in words, and how many are due then
    next: tuple[UpcomingRetry, ...]


def retry_schedule(client: redis.Redis, lane: str, limit: int = 20) -> RetrySchedule:
    """Return how many retries are due in each term, and the next `limit` of them. Raises RedisError."""
    reader, now = LaneReader(client), redis_time_ms(client)
    counts = reader.retry_counts(lane, [now + seconds * 1000 for _, seconds in _TERMS])
    terms = zip((*(term for term, _ in _TERMS), "later"), counts, strict=True)
    upcoming = tuple(_upcoming(retry) for retry in reader.retries(lane, limit))
    return RetrySchedule(tuple((term, count) for term, count in terms if count), upcoming)


def _upcoming(retry: ScheduledRetry) -> UpcomingRetry:
    return UpcomingRetry(datetime_from_ms(retry.due_ms), retry.attempts, retry.error, *type_and_key(retry.data))
