"""How the media API answered, counted in Redis over all processes: there its operators see a refused credential."""

from collections import Counter
from collections.abc import Iterable

import redis

from workers.media.answers import LookupResult, status

#: A hash: lookups by HTTP status, or `none`.
ANSWERS = "sluice:media:answers"


class MediaAnswerCounter:
    """The counts in one Redis. Methods may raise redis.exceptions.RedisError."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def add(self, answers: Iterable[LookupResult]) -> None:
        """These answers came."""
        pipe = self._client.pipeline(transaction=False)
        for each, number in Counter(status(answer) for answer in answers if answer.asked).items():
            pipe.hincrby(ANSWERS, each, number)
        pipe.execute()
