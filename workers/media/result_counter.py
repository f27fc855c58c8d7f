"""Counts the media API's answers in Redis over all processes, so that its operators see a rejected credential."""

from collections import Counter
from collections.abc import Iterable

import redis

from workers.media.results import LookupResult, http_status

#: A hash: lookups by HTTP status, or `none`.
RESULTS_KEY = "sluice:media:answers"


class MediaResultCounter:
    """The counts in one Redis. Methods may raise redis.exceptions.RedisError."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def add(self, results: Iterable[LookupResult]) -> None:
        """Count these results by HTTP status; lookups that the API was not asked for are left out."""
        pipe = self._client.pipeline(transaction=False)
        for status, count in Counter(http_status(result) for result in results if result.was_asked).items():
            pipe.hincrby(RESULTS_KEY, status, count)
        pipe.execute()
