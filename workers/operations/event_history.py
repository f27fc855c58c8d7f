"""The history of one event: when it happened and was received, and what became of it in its handlers' lanes.

An event that was handled at the first attempt leaves no trace in its lane, and so no time. That it was stored is known
from its row.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import redis

from workers.lanes.reader import LaneReader, Location, Waiting
from workers.lanes.records import DeadLetter, ScheduledRetry
from workers.operations.entries import key_marker
from workers.operations.format import datetime_from_ms, pluralize
from workers.runtime.attempt_history import DEAD, HANDLED, MAX_CLOCK_SKEW_MS, RETRIED, Attempt, list_attempts
from workers.runtime.lane_config import MEDIA_LANE
from workers.store.read.event_detail import EventDetails

_STORE_SUFFIX = ".store"  # of the built-in handlers' lanes


class HistoryStep(NamedTuple):
    """Something that happened to the event."""

    at: datetime | None
    what: str
    about: str = ""
    link: str = ""
    is_problem: bool = False


def event_history(client: redis.Redis, details: EventDetails) -> list[HistoryStep]:
    """Return the event's steps, lane by lane. Raises RedisError."""
    event = details.event
    key, received_ms = str(event["key"]), round(event["received_at"].timestamp() * 1000)
    past = list_attempts(client, key, received_ms)
    steps = [
        HistoryStep(event["occurred_at"], "happened", "by the provider's clock"),
        HistoryStep(event["received_at"], "received", "acknowledged with a 200, durable from then on"),
        HistoryStep(None, "classified", f"{event['kind']}, {event['type']}"),
        *(_attempt_step(attempt) for attempt in _of_lane(MEDIA_LANE, past) if attempt.outcome == RETRIED),
        *_media_steps(details),
        HistoryStep(None, "stored", "by the built-in handler"),
    ]
    reader = LaneReader(client)
    for lane in reader.lanes():
        if lane.startswith(f"{event['type']}."):
            location = reader.find(lane, key_marker(key), received_ms - MAX_CLOCK_SKEW_MS)
            steps += lane_steps(lane, _of_lane(lane, past), location)
    return steps


def failed_attempts(client: redis.Redis, lane: str, key: str, received_ms: int) -> list[HistoryStep]:
    """Return the recorded attempts in one lane. Raises RedisError."""
    return [_attempt_step(attempt) for attempt in _of_lane(lane, list_attempts(client, key, received_ms))]


def lane_steps(lane: str, past: list[Attempt], location: Location) -> list[HistoryStep]:
    """Return what happened to the event in a lane: its recorded attempts, and where it is now. Pure."""
    if isinstance(location, DeadLetter) and past and past[-1].outcome == DEAD:
        past = past[:-1]  # the dead letter reports it
    return [*map(_attempt_step, past), *_location_steps(lane, past, location)]


def _location_steps(lane: str, past: list[Attempt], location: Location) -> list[HistoryStep]:
    link = f"/lanes/{lane}"
    match location:
        case ScheduledRetry():
            about = f"by {lane}, after {pluralize(location.attempts, 'attempt')}: {location.error}"
            return [HistoryStep(datetime_from_ms(location.due_ms), "next attempt", about, link, is_problem=True)]
        case DeadLetter():
            return [_death_step(location)]
        case Waiting(certain=True):
            return [HistoryStep(None, f"waiting in {lane}", "or being handled", link)]
        case Waiting():
            about = "the lane holds too many entries to examine all of them"
            return [HistoryStep(None, f"handled by {lane}, or still waiting", about, link)]
    if lane.endswith(_STORE_SUFFIX) or (past and past[-1].outcome != RETRIED):
        return []
    about = "at a later attempt" if past else "at the first attempt, unless that handler is newer than the event"
    return [HistoryStep(None, f"handled by {lane}", about)]


def _of_lane(lane: str, past: Iterable[Attempt]) -> list[Attempt]:
    return [attempt for attempt in past if attempt.lane == lane]


def _media_steps(details: EventDetails) -> list[HistoryStep]:
    media = details.media
    if media is None:
        return []
    if media["fetched_at"]:
        return [HistoryStep(media["fetched_at"], "media metadata fetched", str(media["mime_type"] or ""))]
    if media["error"]:
        return [HistoryStep(None, "media metadata not found", str(media["error"]), is_problem=True)]
    return []


def _attempt_step(attempt: Attempt) -> HistoryStep:
    at = datetime_from_ms(attempt.at_ms)
    if attempt.outcome == HANDLED:
        return HistoryStep(at, f"handled by {attempt.lane}", f"at attempt {attempt.number}")
    what = f"attempt {attempt.number} of {attempt.lane} failed"
    suffix = ", and was the last" if attempt.outcome == DEAD else ""
    return HistoryStep(at, what + suffix, attempt.error, is_problem=True)


def _death_step(letter: DeadLetter) -> HistoryStep:
    about = f"in {letter.lane} after {pluralize(letter.attempts, 'attempt')}: {letter.error}"
    link = f"/dead/{letter.lane}/{letter.id}"
    return HistoryStep(datetime_from_ms(letter.at_ms), f"dead letter ({letter.why})", about, link, is_problem=True)
