"""One dead letter with its decoded event, and dead letters by name."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import redis
from redis.exceptions import ResponseError

from workers.events import Event, Message, StatusUpdate
from workers.lanes.reader import LaneReader
from workers.lanes.records import DeadLetter
from workers.operations.entries import payload_of
from workers.operations.event_history import HistoryStep, failed_attempts
from workers.runtime.event_entry import InvalidEntry, build_event, decode_entry


class DeadLetterDetail(NamedTuple):
    """A dead letter with everything known about it. An unclassified webhook has no event."""

    letter: DeadLetter
    payload: bytes  # the event's part of the webhook as JSON, else the letter's data
    attempts: list[HistoryStep]  # failed ones, as far as recorded
    event: Event | None = None

    @property
    def customer(self) -> str | None:
        """Return the sender of a message or the recipient of a status."""
        if isinstance(self.event, Message):
            return self.event.customer
        return self.event.recipient if isinstance(self.event, StatusUpdate) else None


def dead_letter_detail(client: redis.Redis, lane: str, identity: str) -> DeadLetterDetail | None:
    """Return a dead letter, or None if it doesn't exist (any more). Raises RedisError."""
    letter = _find(client, lane, identity)
    if letter is None:
        return None
    try:
        entry = decode_entry(letter.data)
        event = build_event(entry, letter.attempts)
    except InvalidEntry:
        return DeadLetterDetail(letter, letter.data, [])
    attempts = failed_attempts(client, lane, entry.raw_event.key, entry.received_ms)
    return DeadLetterDetail(letter, payload_of(entry), attempts, event)


def dead_letters_by_name(client: redis.Redis, names: Iterable[str]) -> Iterator[DeadLetter]:
    """Yield the dead letters with these names (LANE/ID) that still exist, by lane and id. Raises RedisError."""
    reader = LaneReader(client)
    for lane, identity in sorted((lane, identity) for lane, _, identity in (name.rpartition("/") for name in names)):
        if (letter := reader.dead_letter(lane, identity)) is not None:
            yield letter


def _find(client: redis.Redis, lane: str, identity: str) -> DeadLetter | None:
    try:
        return LaneReader(client).dead_letter(lane, identity)
    except ResponseError:  # an invalid id
        return None
