"""One event's life, as far as it is known: when it happened, came in, and what became of it in its handlers' lanes.

What was handled at the first attempt leaves no trace in its lane, and so no time. That it was stored is known from its
row.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

import redis

from shared.format import count_of, from_ms
from shared.lanes.keys import LANES
from workers.console.whereabouts import Waits, find
from workers.lanes.status import DeadLetter
from workers.operations.scheduled_retries import Upcoming
from workers.runtime.attempt_history import DIED, HANDLED, RETRIED, Attempt, attempts
from workers.runtime.lane_config import MEDIA_LANE
from workers.store.read.event_detail import Details

_STORE = ".store"  # how the names of the built-in handlers' lanes end


class Step(NamedTuple):
    """Something that became of the event."""

    at: datetime | None
    what: str
    about: str = ""
    link: str = ""
    bad: bool = False


def life(client: redis.Redis, known: Details) -> list[Step]:
    """Its steps, lane by lane. Raises RedisError."""
    event = known.event
    key, received_ms = str(event["key"]), round(event["received_at"].timestamp() * 1000)
    made = attempts(client, key, received_ms)
    steps = [
        Step(event["occurred_at"], "happened", "by the provider's clock"),
        Step(event["received_at"], "received", "acknowledged with a 200: safe from then on"),
        Step(None, "classified", f"{event['kind']}, {event['type']}"),
        *(_attempt(MEDIA_LANE, attempt) for attempt in _of(MEDIA_LANE, made) if attempt.outcome == RETRIED),
        *_media(known),
        Step(None, "stored", "by the built-in handler"),
    ]
    for lane in _lanes(client, str(event["type"])):
        steps += in_lane(lane, _of(lane, made), find(client, lane, key, received_ms))
    return steps


def failures(client: redis.Redis, lane: str, key: str, received_ms: int) -> list[Step]:
    """The attempts in one lane that are remembered. Raises RedisError."""
    return [_attempt(lane, attempt) for attempt in _of(lane, attempts(client, key, received_ms))]


def _of(lane: str, made: Iterable[Attempt]) -> list[Attempt]:
    return [attempt for attempt in made if attempt.lane == lane]


def _media(known: Details) -> list[Step]:
    media = known.media
    if media is None:
        return []
    if media["fetched_at"]:
        return [Step(media["fetched_at"], "media looked up", str(media["mime_type"] or ""))]
    return [Step(None, "media not found", str(media["error"]), bad=True)] if media["error"] else []


def _lanes(client: redis.Redis, event_type: str) -> list[str]:
    known: Any = client.smembers(LANES)
    return sorted(lane for lane in (name.decode() for name in known) if lane.startswith(f"{event_type}."))


def in_lane(lane: str, made: list[Attempt], place: Waits | Upcoming | DeadLetter | None) -> list[Step]:
    """What became of the event in a lane: the attempts that are remembered, and where it is now. Pure."""
    if isinstance(place, DeadLetter) and made and made[-1].outcome == DIED:
        made = made[:-1]  # the letter tells it
    steps = [_attempt(lane, attempt) for attempt in made]
    match place:
        case Upcoming():
            about = f"by {lane}, after {count_of(place.attempts, 'attempt')}: {place.error}"
            return [*steps, Step(place.due, "to be tried again", about, f"/lanes/{lane}", bad=True)]
        case DeadLetter():
            return [*steps, _death(place)]
        case Waits(certain=True):
            return [*steps, Step(None, f"waits for {lane}", "or is being handled", f"/lanes/{lane}")]
        case Waits():
            return [*steps, Step(None, f"handled by {lane}, or still waiting", "much waits there", f"/lanes/{lane}")]
    if lane.endswith(_STORE) or (made and made[-1].outcome != RETRIED):
        return steps
    if made:
        return [*steps, Step(None, f"handled by {lane}", "at a later attempt")]
    return [Step(None, f"handled by {lane}", "at the first attempt, unless that handler is newer than the event")]


def _attempt(lane: str, attempt: Attempt) -> Step:
    at = from_ms(attempt.at_ms)
    if attempt.outcome == HANDLED:
        return Step(at, f"handled by {lane}", f"at attempt {attempt.number}")
    what = f"attempt {attempt.number} of {lane} failed"
    return Step(at, what + (" for good" if attempt.outcome == DIED else ""), attempt.error, bad=True)


def _death(letter: DeadLetter) -> Step:
    about = f"in {letter.lane} after {count_of(letter.attempts, 'attempt')}: {letter.error}"
    return Step(from_ms(letter.at_ms), f"dead ({letter.why})", about, f"/dead/{letter.lane}/{letter.id}", bad=True)
