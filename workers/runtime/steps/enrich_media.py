"""The step of the media lane: look up each event's media metadata and send the event on to its handlers' lanes.

An event never waits for its metadata longer than POLICY and MAX_WAIT allow; it then goes on with the reason instead.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from shared.errors import Retry
from workers.events import MediaMetadata
from workers.lanes import Completed, DeadLettered, FollowUp, Outcome, Rescheduled, TakenEntry, TakeTimings
from workers.media import (
    Fetched,
    LookupCounts,
    LookupResult,
    MediaCache,
    MediaCircuitBreaker,
    MediaClient,
    MediaResultCounter,
    Permanent,
    Transient,
    count_results,
    http_status,
)
from workers.runtime.event_entry import EventEntry, InvalidEntry, decode_entry, encode_entry
from workers.runtime.steps.base import Outcomes

#: Lookups of one event, and the delays between them.
POLICY = Retry(attempts=6, base=2.0, cap=60.0)
#: Seconds after its receipt at which an event goes on without metadata, whatever the API or the circuit breaker says.
MAX_WAIT = 600.0
#: Seconds after which an event that the circuit breaker refused is tried again.
_BREAKER_PAUSE = 15.0


class MediaParts(NamedTuple):
    """What lookups go through."""

    client: MediaClient
    cache: MediaCache
    breaker: MediaCircuitBreaker
    counter: MediaResultCounter


class EnrichMediaStep:
    """Adds media metadata to events.

    `lanes`: the lanes of each event type's handlers. `jitter(x)` draws from 0 to x. `now` is in seconds since 1970.
    """

    def __init__(
        self,
        lanes: Mapping[str, tuple[str, ...]],
        parts: MediaParts,
        *,
        jitter: Callable[[float], float] = lambda limit: random.uniform(0, limit),
        now: Callable[[], float] = time.time,
    ) -> None:
        self._lanes = lanes
        self._parts = parts
        self._jitter = jitter
        self._now = now

    def run(
        self,
        entries: Sequence[TakenEntry],
        out_of_time: Callable[[], bool],  # noqa: ARG002 - one call for all
        timings: TakeTimings,
    ) -> Outcomes:
        """Look up what the entries need, each media id once; see Step."""
        jobs: list[tuple[TakenEntry, EventEntry]] = []
        outcomes: Outcomes = []
        for taken in entries:
            try:
                jobs.append((taken, decode_entry(taken.data)))
            except InvalidEntry as error:
                outcomes.append((taken.id, DeadLettered("undecodable", str(error))))
        results = self._look_up([entry.raw_event.media_id for _, entry in jobs if entry.raw_event.media_id])
        for taken, entry in jobs:
            outcome = self._outcome(taken, entry, results)
            outcomes.append((taken.id, outcome))
            if isinstance(outcome, Completed):
                timings.record_completed(entry.received_ms / 1000)
        return outcomes

    def _look_up(self, ids: list[str]) -> dict[str, LookupResult]:
        cached = self._parts.cache.get_many(ids)
        results: dict[str, LookupResult] = {
            media_id: Permanent(metadata.error) if metadata.error else Fetched(metadata)
            for media_id, metadata in cached.items()
        }
        return results | self._fetch_allowed([media_id for media_id in dict.fromkeys(ids) if media_id not in cached])

    def _fetch_allowed(self, ids: list[str]) -> dict[str, LookupResult]:
        results: dict[str, LookupResult] = {}
        # Repeatedly: the circuit breaker may allow one lookup as a probe, and the others once it has succeeded.
        while ids and (allowed := self._parts.breaker.allow(len(ids))):
            results |= self._fetch(ids[:allowed])
            ids = ids[allowed:]
        refused = Transient("too many lookups failed lately", _BREAKER_PAUSE, was_asked=False)
        return results | dict.fromkeys(ids, refused)

    def _fetch(self, ids: list[str]) -> dict[str, LookupResult]:
        counts = LookupCounts(0, 0, len(ids))  # what is recorded if this is interrupted
        try:
            results = self._parts.client.fetch(ids)
            counts = count_results(results.values())
        finally:
            self._parts.breaker.record(*counts)
        self._parts.counter.add(results.values())
        self._parts.cache.put_many(_cacheable(results))
        return results

    def _outcome(self, taken: TakenEntry, entry: EventEntry, results: Mapping[str, LookupResult]) -> Outcome:
        result = results.get(entry.raw_event.media_id or "", Permanent("the message has no media id"))
        match result:
            case Fetched(metadata):
                return self._send_on(entry, metadata)
            case Permanent(reason):
                return self._send_on(entry, MediaMetadata(id=entry.raw_event.media_id, error=reason))
            case Transient():
                return self._retry(taken, entry, result)

    def _retry(self, taken: TakenEntry, entry: EventEntry, result: Transient) -> Outcome:
        attempt = taken.attempts + 1
        delay = result.after
        if delay is None:
            delay = self._jitter(min(POLICY.cap, POLICY.base * 2.0**taken.attempts))
        waited = self._now() - entry.received_ms / 1000
        if (result.was_asked and attempt >= POLICY.attempts) or waited + delay > MAX_WAIT:
            return self._send_on(entry, MediaMetadata(id=entry.raw_event.media_id, error=f"given up: {result.reason}"))
        # A lookup that the circuit breaker refused is not an attempt.
        return Rescheduled(delay, result.reason, counted=result.was_asked)

    def _send_on(self, entry: EventEntry, metadata: MediaMetadata) -> Outcome:
        entry.metadata = metadata
        return Completed((FollowUp(b"", encode_entry(entry), self._lanes.get(entry.raw_event.type, ())),))


def _cacheable(results: Mapping[str, LookupResult]) -> dict[str, MediaMetadata]:
    """Return what is worth caching: metadata, and permanent failures that the API itself reported."""
    fetched = {media_id: result.metadata for media_id, result in results.items() if isinstance(result, Fetched)}
    # A rejected credential is corrected by an operator, and must not make lookups fail for an hour after that.
    failed = {
        media_id: result
        for media_id, result in results.items()
        if isinstance(result, Permanent) and result.was_asked and http_status(result) not in {"401", "403"}
    }
    return fetched | {media_id: MediaMetadata(id=media_id, error=result.reason) for media_id, result in failed.items()}
