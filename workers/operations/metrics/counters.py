"""Counters and histograms as they stand in Redis, read when they are asked for, in one round trip."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import redis

from shared.wire.process_stats_fields import COUNTERS_KEY, RESPONSES_KEY
from workers.lanes import keys as names
from workers.media.breaker import MEDIA_BREAKER_KEY
from workers.media.counting import ANSWERS as MEDIA_ANSWERS

RedisHash = dict[bytes, bytes]


class LaneCounters(NamedTuple):
    """Of one lane."""

    counts: dict[str, int]  # what ever happened in it
    times: RedisHash  # its histograms (workers/lanes/timings.py)


class Counters(NamedTuple):
    """All of them at one moment."""

    now_ms: int  # by the server's clock, since 1970
    responses: dict[str, int]  # to webhooks, by status
    ingress: RedisHash  # counts and histograms of all its processes that ever were
    media_responses: dict[str, int]  # answers of the media API, by status
    media_held_until_ms: int  # until when it is left alone, since 1970
    lanes: dict[str, LaneCounters]


def read_counters(client: redis.Redis, lanes: Sequence[str]) -> Counters:
    """Of these lanes, and of all else. Raises RedisError."""
    pipe = client.pipeline(transaction=False)
    pipe.time()
    for key in (RESPONSES_KEY, COUNTERS_KEY, MEDIA_ANSWERS):
        pipe.hgetall(key)
    pipe.hget(f"{MEDIA_BREAKER_KEY}:state", "until")
    for lane in lanes:
        pipe.hgetall(f"{names.stream_key(lane)}:counts")
        pipe.hgetall(f"{names.stream_key(lane)}:times")
    (seconds, micros), answers, ingress, media, until, *rest = pipe.execute()
    pairs = zip(rest[::2], rest[1::2], strict=True)
    return Counters(
        now_ms=seconds * 1000 + micros // 1000,
        responses=_numbers(answers),
        ingress=ingress,
        media_responses=_numbers(media),
        media_held_until_ms=round(float(until or 0)),
        lanes={lane: LaneCounters(_numbers(counts), times) for lane, (counts, times) in zip(lanes, pairs, strict=True)},
    )


def _numbers(fields: Any) -> dict[str, int]:
    return {name.decode(): int(value) for name, value in fields.items()}
