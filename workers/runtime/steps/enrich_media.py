"""The work of the media lane: each event gets its media's metadata, or the reason why not, and goes on.

A message is never held back by its picture for longer than POLICY says.
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

#: Lookups of one event, and the longest wait between two.
POLICY = Retry(attempts=6, base=2.0, cap=60.0)
#: Seconds after its receipt at which an event goes on without metadata, whatever the API or the breaker says.
MAX_WAIT = 600.0
#: Seconds after which an event that the breaker kept back asks again.
_BREAKER_PAUSE = 15.0


class MediaParts(NamedTuple):
    """What lookups go through."""

    client: MediaClient
    cache: MediaCache
    breaker: MediaCircuitBreaker
    counts: MediaResultCounter


class EnrichMediaStep:
    """`lanes`: the handlers' lanes of each event type."""

    def __init__(
        self,
        lanes: Mapping[str, tuple[str, ...]],
        parts: MediaParts,
        *,
        jitter: Callable[[float], float] = lambda top: random.uniform(0, top),
        now: Callable[[], float] = time.time,
    ) -> None:
        self._lanes = lanes
        self._parts = parts
        self._jitter = jitter
        self._now = now

    def run(
        self,
        entries: Sequence[TakenEntry],
        out_of_time: Callable[[], bool],  # noqa: ARG002 - one fetch for all
        timings: TakeTimings,
    ) -> Outcomes:
        """Looks up what the batch needs, each id once; see Work."""
        jobs: list[tuple[TakenEntry, EventEntry]] = []
        verdicts: Outcomes = []
        for entry in entries:
            try:
                jobs.append((entry, decode_entry(entry.data)))
            except InvalidEntry as error:
                verdicts.append((entry.id, DeadLettered("undecodable", str(error))))
        answers = self._answers([job.raw_event.media_id for _, job in jobs if job.raw_event.media_id])
        for taken, job in jobs:
            verdict = self._verdict(taken, job, answers)
            verdicts.append((taken.id, verdict))
            if isinstance(verdict, Completed):
                timings.record_completed(job.received_ms / 1000)
        return verdicts

    def _answers(self, ids: list[str]) -> dict[str, LookupResult]:
        known = self._parts.cache.get_many(ids)
        answers: dict[str, LookupResult] = {
            media_id: Permanent(metadata.error) if metadata.error else Fetched(metadata)
            for media_id, metadata in known.items()
        }
        return answers | self._ask([media_id for media_id in dict.fromkeys(ids) if media_id not in known])

    def _ask(self, ids: list[str]) -> dict[str, LookupResult]:
        answers: dict[str, LookupResult] = {}
        # In turns: the breaker may let one through to see whether the API is well again, and then the others.
        while ids and (allowed := self._parts.breaker.allow(len(ids))):
            answers |= self._fetch(ids[:allowed])
            ids = ids[allowed:]
        return answers | dict.fromkeys(
            ids, Transient("too many lookups failed lately", _BREAKER_PAUSE, was_asked=False)
        )

    def _fetch(self, ids: list[str]) -> dict[str, LookupResult]:
        count = LookupCounts(0, 0, len(ids))  # if this is interrupted, nothing is known
        try:
            fetched = self._parts.client.fetch(ids)
            count = count_results(fetched.values())
        finally:
            self._parts.breaker.record(*count)
        self._parts.counts.add(fetched.values())
        self._parts.cache.put_many(_final(fetched))
        return fetched

    def _verdict(self, taken: TakenEntry, entry: EventEntry, answers: Mapping[str, LookupResult]) -> Outcome:
        answer = answers.get(entry.raw_event.media_id or "", Permanent("the message has no media id"))
        match answer:
            case Fetched(metadata):
                return self._onward(entry, metadata)
            case Permanent(reason):
                return self._onward(entry, MediaMetadata(id=entry.raw_event.media_id, error=reason))
            case Transient(reason, after, asked):
                return self._later(taken, entry, reason, after, asked)

    def _later(self, taken: TakenEntry, entry: EventEntry, reason: str, after: float | None, asked: bool) -> Outcome:
        attempt = taken.attempts + 1
        delay = after if after is not None else self._jitter(min(POLICY.cap, POLICY.base * 2.0**taken.attempts))
        waited = self._now() - entry.received_ms / 1000
        if (asked and attempt >= POLICY.attempts) or waited + delay > MAX_WAIT:
            return self._onward(entry, MediaMetadata(id=entry.raw_event.media_id, error=f"given up: {reason}"))
        # What the breaker kept back was no attempt.
        return Rescheduled(delay, reason, counted=asked)

    def _onward(self, entry: EventEntry, metadata: MediaMetadata) -> Outcome:
        entry.metadata = metadata
        return Completed((FollowUp(b"", encode_entry(entry), self._lanes.get(entry.raw_event.type, ())),))


def _final(answers: Mapping[str, LookupResult]) -> dict[str, MediaMetadata]:
    """What is worth keeping: found, or gone for good as the API said it."""
    kept = {media_id: answer.metadata for media_id, answer in answers.items() if isinstance(answer, Fetched)}
    # A refused credential is mended by an operator, and must not go on failing for an hour after that.
    gone = {
        media_id: answer
        for media_id, answer in answers.items()
        if isinstance(answer, Permanent) and answer.was_asked and http_status(answer) not in {"401", "403"}
    }
    return kept | {media_id: MediaMetadata(id=media_id, error=answer.reason) for media_id, answer in gone.items()}
