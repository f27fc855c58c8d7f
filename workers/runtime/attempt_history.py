"""The attempt history: failed attempts and the successes after them, to show what happened to an event.

An event that is handled at its first attempt is not recorded: recording would make every event dearer, and few are ever
asked about. The records of all lanes are one bounded stream; the oldest are dropped first. Whether an event waits, will
be retried or is dead is read from its lane, not from here.

    sluice:attempts   l lane, k digest of the event's key, n attempt number, o outcome, e error
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import redis
from redis.exceptions import RedisError

from workers.lanes import Completed, DeadLettered, Outcome, Rescheduled, TakenEntry
from workers.lanes.paging import iter_entries
from workers.runtime.event_entry import InvalidEntry, entry_key
from workers.runtime.steps.base import SettledTake
from workers.runtime.steps.classify import dedupe_key

ATTEMPTS_KEY = "sluice:attempts"
#: Records that are kept; one takes about 300 bytes of Redis.
MAX_ATTEMPTS_KEPT = 10_000
_MAX_ERROR_LENGTH = 200  # characters
#: How far the ingress's clock, which dates events, may be ahead of Redis's (milliseconds).
MAX_CLOCK_SKEW_MS = 60_000

HANDLED, RETRIED, DEAD = "handled", "to be tried again", "dead"


class Attempt(NamedTuple):
    """One attempt of a handler at an event."""

    at_ms: int  # when it ended, milliseconds since 1970
    lane: str
    number: int  # from 1
    outcome: str  # HANDLED, RETRIED or DIED
    error: str  # empty if the event was handled


def record(client: redis.Redis, take: SettledTake) -> None:
    """Record the attempts of a take that are worth it: failures, and successes after a failure.

    Nothing is recorded while Redis does not accept it, and nothing is raised.
    """
    entries = {entry.id: entry for entry in take.entries}
    breaker_open = take.breaker.is_open
    found = (_fields(take.lane, entries[entry_id], outcome, breaker_open) for entry_id, outcome in take.outcomes)
    records = [fields for fields in found if fields]
    if not records:
        return
    with suppress(RedisError, OSError):
        pipe = client.pipeline(transaction=False)
        for fields in records:
            pipe.xadd(ATTEMPTS_KEY, fields, maxlen=MAX_ATTEMPTS_KEPT, approximate=True)
        pipe.execute()


def list_attempts(client: redis.Redis, key: str, received_ms: int) -> list[Attempt]:
    """Return the recorded attempts of the event with that key, oldest first. Raises RedisError.

    `received_ms`: when the event was received, in milliseconds since 1970; older records are not read.
    """
    digest = dedupe_key(key)
    return [_read(identity, fields) for identity, fields in _since(client, received_ms) if fields[b"k"] == digest]


def clear(client: redis.Redis) -> None:
    """Delete the whole history: its errors may quote a customer who is being erased. Raises RedisError."""
    client.delete(ATTEMPTS_KEY)


def _fields(lane: str, entry: TakenEntry, outcome: Outcome, breaker_open: bool) -> dict[Any, Any] | None:
    """Return the record of an attempt, None if it is not worth one."""
    match outcome:
        case Completed() if entry.attempts:
            result, error = HANDLED, ""
        case Rescheduled(error=error, counted=True):
            result = RETRIED
        case DeadLettered(error=error, failed=failed):
            # While the lane's breaker is open a failed event is retried, whatever its outcome says.
            result = RETRIED if failed and breaker_open else DEAD
        case _:
            return None
    try:
        key = entry_key(entry.data)
    except InvalidEntry:  # a webhook: it has no key yet
        return None
    text = error[:_MAX_ERROR_LENGTH].encode("utf-8", "backslashreplace")
    return {"l": lane, "k": dedupe_key(key), "n": entry.attempts + 1, "o": result, "e": text}


def _since(client: redis.Redis, received_ms: int) -> Iterator[tuple[bytes, dict[bytes, bytes]]]:
    return iter_entries(client, ATTEMPTS_KEY, first=str(max(received_ms - MAX_CLOCK_SKEW_MS, 0)))


def _read(identity: bytes, fields: dict[bytes, bytes]) -> Attempt:
    lane, number, outcome, error = (fields[name].decode("utf-8", "replace") for name in (b"l", b"n", b"o", b"e"))
    return Attempt(int(identity.partition(b"-")[0]), lane, int(number), outcome, error)
