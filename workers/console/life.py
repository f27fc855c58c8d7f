"""One event's life, as far as it is known: when it happened, came in, and what stands in its handlers' lanes.

What was handled leaves no trace in its lane; so a lane tells of an event only while it waits for a retry there, or is
dead. That it was stored is known from its row.
"""

from datetime import datetime
from typing import Any, NamedTuple

import redis

from shared.lanes import lane as names
from shared.lanes.lane import LANES
from shared.lanes.survey import DeadLetter, read_dead_letter
from workers.console import words
from workers.console.upcoming import Upcoming, upcoming
from workers.store.details import Details

#: Dead letters and retries of a lane that are looked through.
_MOST = 2000
_STORE = ".store"  # how the names of the built-in handlers' lanes end


class Step(NamedTuple):
    """Something that became of the event."""

    at: datetime | None
    what: str
    about: str = ""
    link: str = ""
    bad: bool = False


def life(client: redis.Redis, known: Details) -> list[Step]:
    """Its steps, in their order. Raises RedisError."""
    event = known.event
    return [
        Step(event["occurred_at"], "happened", "by the provider's clock"),
        Step(event["received_at"], "received", "acknowledged with a 200: safe from then on"),
        Step(None, "classified", f"{event['kind']}, {event['type']}"),
        *_media(known),
        Step(None, "stored", "by the built-in handler"),
        *_in_lanes(client, str(event["type"]), str(event["key"])),
    ]


def _media(known: Details) -> list[Step]:
    media = known.media
    if media is None:
        return []
    if media["fetched_at"]:
        return [Step(media["fetched_at"], "media looked up", str(media["mime_type"] or ""))]
    return [Step(None, "media not found", str(media["error"]), bad=True)] if media["error"] else []


def _in_lanes(client: redis.Redis, event_type: str, key: str) -> list[Step]:
    known: Any = client.smembers(LANES)
    lanes = sorted(lane for lane in (name.decode() for name in known) if lane.startswith(f"{event_type}."))
    steps = []
    for lane in lanes:
        found = [_retry(lane, retry) for retry in upcoming(client, lane, _MOST) if retry.key == key]
        found += [_death(letter) for letter in _dead(client, lane, key)]
        if not found and not lane.endswith(_STORE):
            found = [_quiet(client, lane)]
        steps += found
    return steps


def _retry(lane: str, retry: Upcoming) -> Step:
    about = f"by {lane}, after {words.count_of(retry.attempts, 'attempt')}: {retry.error}"
    return Step(retry.due, "to be tried again", about, f"/lanes/{lane}", bad=True)


def _dead(client: redis.Redis, lane: str, key: str) -> list[DeadLetter]:
    # As the entry holds it: JSON escapes some keys, and then nothing is found, which harms none.
    mark = f'"{key}"'.encode("utf-8", "replace")
    found: Any = client.xrevrange(f"{names.stream(lane)}:dead", count=_MOST)
    return [read_dead_letter(lane, identity, fields) for identity, fields in found if mark in fields.get(b"d", b"")]


def _death(letter: DeadLetter) -> Step:
    about = f"in {letter.lane} after {words.count_of(letter.attempts, 'attempt')}: {letter.error}"
    return Step(
        words.from_ms(letter.at_ms), f"dead ({letter.why})", about, f"/dead/{letter.lane}/{letter.id}", bad=True
    )


def _quiet(client: redis.Redis, lane: str) -> Step:
    waiting = int(client.xlen(names.stream(lane)))
    if waiting:
        return Step(
            None, f"handled by {lane}, or still waiting", f"{words.number(waiting)} wait there", f"/lanes/{lane}"
        )
    return Step(None, f"nothing is left for {lane}", "handled, unless that handler is newer than the event")
