"""What is remembered of attempts that did not end well at once, for whoever asks what became of an event.

An event that its handler does well with at the first attempt leaves no trace here: a note would cost every event what
few are ever asked about. A failed attempt leaves one, and so does the success after it. The notes are a bounded stream
for all lanes, the oldest forgotten first; whether an event waits, will be retried or is dead is told by its lane.

    sluice:attempts   l lane, k digest of the event's key, n the attempt's number, o its outcome, e the error
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import redis
from redis.exceptions import RedisError

from workers.lanes import Completed, DeadLettered, Outcome, Rescheduled, TakenEntry
from workers.runtime.event_entry import InvalidEntry, key_of
from workers.runtime.steps.base import Outcomes
from workers.runtime.steps.classify import dedupe_key

ATTEMPTS_KEY = "sluice:attempts"
#: Notes that are kept; one takes some 300 bytes of Redis.
_MAX_ATTEMPTS_KEPT = 10_000
_ERROR = 200  # characters
_AT_ONCE = 1000
#: The ingress's clock, which tells when an event came, may be ahead of Redis' by so much (ms).
_MAX_CLOCK_SKEW_MS = 60_000

HANDLED, RETRIED, DIED = "handled", "to be tried again", "dead"


class Attempt(NamedTuple):
    """One attempt."""

    at_ms: int  # when it ended, since 1970
    lane: str
    number: int  # from 1
    outcome: str  # HANDLED, RETRIED or DIED
    error: str  # empty where it was handled


def record(
    client: redis.Redis, lane: str, taken: Sequence[TakenEntry], verdicts: Outcomes, *, breaker_open: bool = False
) -> None:
    """Notes what is worth it. Where Redis does not take it nothing is noted, and nothing is raised.

    While the lane's breaker is open a handler's failure ends no event: it is tried again, whatever its verdict says.
    """
    held = {entry.id: entry for entry in taken}
    notes = [found for identity, verdict in verdicts if (found := _note(lane, held[identity], verdict, breaker_open))]
    if not notes:
        return
    with suppress(RedisError, OSError):
        pipe = client.pipeline(transaction=False)
        for fields in notes:
            pipe.xadd(ATTEMPTS_KEY, fields, maxlen=_MAX_ATTEMPTS_KEPT, approximate=True)
        pipe.execute()


def attempts(client: redis.Redis, key: str, received_ms: int) -> list[Attempt]:
    """What is remembered of the event with that key, which was received then; the oldest first. Raises RedisError."""
    digest = dedupe_key(key)
    return [_read(identity, fields) for identity, fields in _since(client, received_ms) if fields[b"k"] == digest]


def clear(client: redis.Redis) -> None:
    """Everything is forgotten: the errors may quote whoever is to be. Raises RedisError."""
    client.delete(ATTEMPTS_KEY)


def _note(lane: str, entry: TakenEntry, verdict: Outcome, breaker_open: bool) -> dict[Any, Any] | None:
    match verdict:
        case Completed() if entry.attempts:
            outcome, error = HANDLED, ""
        case Rescheduled(error=error, counted=True):
            outcome = RETRIED
        case DeadLettered(error=error, failed=failed):
            outcome = RETRIED if failed and breaker_open else DIED
        case _:
            return None
    try:
        key = key_of(entry.data)
    except InvalidEntry:  # a webhook, which has no key yet
        return None
    told = error[:_ERROR].encode("utf-8", "backslashreplace")
    return {"l": lane, "k": dedupe_key(key), "n": entry.attempts + 1, "o": outcome, "e": told}


def _since(client: redis.Redis, received_ms: int) -> Iterator[tuple[bytes, dict[bytes, bytes]]]:
    start = str(max(received_ms - _MAX_CLOCK_SKEW_MS, 0))
    while True:
        page: Any = client.xrange(ATTEMPTS_KEY, start, "+", count=_AT_ONCE)
        yield from page
        if len(page) < _AT_ONCE:
            return
        start = f"({page[-1][0].decode()}"


def _read(identity: bytes, fields: dict[bytes, bytes]) -> Attempt:
    lane, number, outcome, error = (fields[name].decode("utf-8", "replace") for name in (b"l", b"n", b"o", b"e"))
    return Attempt(int(identity.partition(b"-")[0]), lane, int(number), outcome, error)
