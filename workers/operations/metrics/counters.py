"""The counters and histograms in Redis, read when Prometheus requests them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import redis

from shared.wire.process_stats_fields import COUNTERS_KEY, RESPONSES_KEY
from workers.lanes.clock import time_reply_ms
from workers.lanes.reader import LaneCounters, LaneReader
from workers.media.breaker import MEDIA_BREAKER_KEY
from workers.media.result_counter import RESULTS_KEY as MEDIA_RESPONSES_KEY

RedisHash = dict[bytes, bytes]


class Counters(NamedTuple):
    """All counters at one moment."""

    now_ms: int  # Redis's time, since 1970
    responses: dict[str, int]  # to webhooks, by HTTP status
    ingress: RedisHash  # counters and histograms of all ingress processes, ended ones included
    media_responses: dict[str, int]  # of the media API, by HTTP status
    media_held_until_ms: int  # when the media API's circuit breaker allows the next request, since 1970
    lanes: dict[str, LaneCounters]


def read_counters(client: redis.Redis, lanes: Sequence[str]) -> Counters:
    """Read the counters of these lanes, the ingress and the media API. Raises RedisError."""
    pipe = client.pipeline(transaction=False)
    pipe.time()
    for key in (RESPONSES_KEY, COUNTERS_KEY, MEDIA_RESPONSES_KEY):
        pipe.hgetall(key)
    pipe.hget(f"{MEDIA_BREAKER_KEY}:state", "until")
    time_reply, responses, ingress, media_responses, media_held_until = pipe.execute()
    return Counters(
        now_ms=time_reply_ms(time_reply),
        responses=_numbers(responses),
        ingress=ingress,
        media_responses=_numbers(media_responses),
        media_held_until_ms=round(float(media_held_until or 0)),
        lanes=LaneReader(client).counters(lanes),
    )


def _numbers(fields: Any) -> dict[str, int]:
    return {name.decode(): int(value) for name, value in fields.items()}
