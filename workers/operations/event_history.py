"""One event's life, as far as it is known: when it happened, came in, and what became of it in its handlers' lanes.

What was handled at the first attempt leaves no trace in its lane, and so no time. That it was stored is known from its
row.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

import redis

from shared.wire import lenient_json
from workers.lanes import keys as names
from workers.lanes.keys import LANES_KEY
from workers.lanes.status import DeadLetter, read_dead_letter
from workers.operations.format import datetime_from_ms, pluralize
from workers.operations.scheduled_retries import ScheduledRetry, parse_scheduled_retry
from workers.runtime.attempt_history import DIED, HANDLED, RETRIED, Attempt, attempts
from workers.runtime.lane_config import MEDIA_LANE
from workers.store.read.event_detail import EventDetails

_AT_ONCE, _MOST = 200, 2000
#: The ingress's clock, which tells when an event came, may be ahead of Redis' by so much (ms).
_MAX_CLOCK_SKEW_MS = 60_000


class Waiting(NamedTuple):
    """It is in the lane's stream: it waits, or is being handled."""

    certain: bool  # False: so much waits that not all was looked at, and it may be among the rest


def locate_event(
    client: redis.Redis, lane: str, key: str, received_ms: int
) -> Waiting | ScheduledRetry | DeadLetter | None:
    """The event with that key; None where it is not in the lane (any more). Raises RedisError."""
    # As an entry holds it.
    mark, base, start = lenient_json.dumps(key), names.stream_key(lane), str(max(received_ms - _MAX_CLOCK_SKEW_MS, 0))
    dead, _ = _in_stream(client, f"{base}:dead", start, mark)
    if dead is not None:
        return read_dead_letter(lane, *dead)
    for member, due in _retries(client, f"{base}:retry"):
        if mark in member:
            return parse_scheduled_retry(member, due)
    looked = [_in_stream(client, stream, start, mark) for stream in (base, names.suspects_key(lane))]
    if any(found for found, _ in looked):
        return Waiting(certain=True)
    return None if all(complete for _, complete in looked) else Waiting(certain=False)


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


_STORE_HANDLER = ".store"  # how the names of the built-in handlers' lanes end


class HistoryStep(NamedTuple):
    """Something that became of the event."""

    at: datetime | None
    what: str
    about: str = ""
    link: str = ""
    is_problem: bool = False


def event_history(client: redis.Redis, known: EventDetails) -> list[HistoryStep]:
    """Its steps, lane by lane. Raises RedisError."""
    event = known.event
    key, received_ms = str(event["key"]), round(event["received_at"].timestamp() * 1000)
    made = attempts(client, key, received_ms)
    steps = [
        HistoryStep(event["occurred_at"], "happened", "by the provider's clock"),
        HistoryStep(event["received_at"], "received", "acknowledged with a 200: safe from then on"),
        HistoryStep(None, "classified", f"{event['kind']}, {event['type']}"),
        *(_attempt(MEDIA_LANE, attempt) for attempt in _of(MEDIA_LANE, made) if attempt.outcome == RETRIED),
        *_media(known),
        HistoryStep(None, "stored", "by the built-in handler"),
    ]
    for lane in _lanes(client, str(event["type"])):
        steps += lane_steps(lane, _of(lane, made), locate_event(client, lane, key, received_ms))
    return steps


def failed_attempts(client: redis.Redis, lane: str, key: str, received_ms: int) -> list[HistoryStep]:
    """The attempts in one lane that are remembered. Raises RedisError."""
    return [_attempt(lane, attempt) for attempt in _of(lane, attempts(client, key, received_ms))]


def _of(lane: str, made: Iterable[Attempt]) -> list[Attempt]:
    return [attempt for attempt in made if attempt.lane == lane]


def _media(known: EventDetails) -> list[HistoryStep]:
    media = known.media
    if media is None:
        return []
    if media["fetched_at"]:
        return [HistoryStep(media["fetched_at"], "media looked up", str(media["mime_type"] or ""))]
    return [HistoryStep(None, "media not found", str(media["error"]), is_problem=True)] if media["error"] else []


def _lanes(client: redis.Redis, event_type: str) -> list[str]:
    known: Any = client.smembers(LANES_KEY)
    return sorted(lane for lane in (name.decode() for name in known) if lane.startswith(f"{event_type}."))


def lane_steps(
    lane: str, made: list[Attempt], place: Waiting | ScheduledRetry | DeadLetter | None
) -> list[HistoryStep]:
    """What became of the event in a lane: the attempts that are remembered, and where it is now. Pure."""
    if isinstance(place, DeadLetter) and made and made[-1].outcome == DIED:
        made = made[:-1]  # the letter tells it
    steps = [_attempt(lane, attempt) for attempt in made]
    match place:
        case ScheduledRetry():
            about = f"by {lane}, after {pluralize(place.attempts, 'attempt')}: {place.error}"
            return [*steps, HistoryStep(place.due, "to be tried again", about, f"/lanes/{lane}", is_problem=True)]
        case DeadLetter():
            return [*steps, _death(place)]
        case Waiting(certain=True):
            return [*steps, HistoryStep(None, f"waits for {lane}", "or is being handled", f"/lanes/{lane}")]
        case Waiting():
            return [
                *steps,
                HistoryStep(None, f"handled by {lane}, or still waiting", "much waits there", f"/lanes/{lane}"),
            ]
    if lane.endswith(_STORE_HANDLER) or (made and made[-1].outcome != RETRIED):
        return steps
    if made:
        return [*steps, HistoryStep(None, f"handled by {lane}", "at a later attempt")]
    return [
        HistoryStep(None, f"handled by {lane}", "at the first attempt, unless that handler is newer than the event")
    ]


def _attempt(lane: str, attempt: Attempt) -> HistoryStep:
    at = datetime_from_ms(attempt.at_ms)
    if attempt.outcome == HANDLED:
        return HistoryStep(at, f"handled by {lane}", f"at attempt {attempt.number}")
    what = f"attempt {attempt.number} of {lane} failed"
    return HistoryStep(at, what + (" for good" if attempt.outcome == DIED else ""), attempt.error, is_problem=True)


def _death(letter: DeadLetter) -> HistoryStep:
    about = f"in {letter.lane} after {pluralize(letter.attempts, 'attempt')}: {letter.error}"
    return HistoryStep(
        datetime_from_ms(letter.at_ms),
        f"dead ({letter.why})",
        about,
        f"/dead/{letter.lane}/{letter.id}",
        is_problem=True,
    )
