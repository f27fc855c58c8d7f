"""The work of the media lane: each event gets its media's metadata, or the reason why not, and goes on.

A message is never held back by its picture for longer than POLICY says.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from shared.errors import Retry
from workers.events import MediaMetadata
from workers.lanes import Again, Dead, Done, Measures, Next, Taken, Verdict
from workers.media import (
    Answer,
    Breaker,
    Found,
    Gone,
    Later,
    MediaCache,
    MediaClient,
    MediaCounts,
    Tally,
    status,
    tally,
)
from workers.runtime.event_entry import BadEntry, Entry, pack, unpack
from workers.runtime.steps.base import Verdicts

#: Lookups of one event, and the longest wait between two.
POLICY = Retry(attempts=6, base=2.0, cap=60.0)
#: Seconds after its receipt at which an event goes on without metadata, whatever the API or the breaker says.
LONGEST_WAIT = 600.0
#: Seconds after which an event that the breaker kept back asks again.
_BREAKER_PAUSE = 15.0


class MediaParts(NamedTuple):
    """What lookups go through."""

    client: MediaClient
    cache: MediaCache
    breaker: Breaker
    counts: MediaCounts


class MediaWork:
    """`lanes`: the handlers' lanes of each event type."""

    def __init__(
        self,
        lanes: Mapping[str, tuple[str, ...]],
        parts: MediaParts,
        *,
        draw: Callable[[float], float] = lambda top: random.uniform(0, top),
        now: Callable[[], float] = time.time,
    ) -> None:
        self._lanes = lanes
        self._parts = parts
        self._draw = draw
        self._now = now

    def run(
        self,
        entries: Sequence[Taken],
        spent: Callable[[], bool],  # noqa: ARG002 - one fetch for all
        measures: Measures,
    ) -> Verdicts:
        """Looks up what the batch needs, each id once; see Work."""
        jobs: list[tuple[Taken, Entry]] = []
        verdicts: Verdicts = []
        for entry in entries:
            try:
                jobs.append((entry, unpack(entry.data)))
            except BadEntry as error:
                verdicts.append((entry.id, Dead("undecodable", str(error))))
        answers = self._answers([job.item.media_id for _, job in jobs if job.item.media_id])
        for taken, job in jobs:
            verdict = self._verdict(taken, job, answers)
            verdicts.append((taken.id, verdict))
            if isinstance(verdict, Done):
                measures.done(job.received_ms / 1000)
        return verdicts

    def _answers(self, ids: list[str]) -> dict[str, Answer]:
        known = self._parts.cache.get_many(ids)
        answers: dict[str, Answer] = {
            media_id: Gone(metadata.error) if metadata.error else Found(metadata)
            for media_id, metadata in known.items()
        }
        return answers | self._ask([media_id for media_id in dict.fromkeys(ids) if media_id not in known])

    def _ask(self, ids: list[str]) -> dict[str, Answer]:
        answers: dict[str, Answer] = {}
        # In turns: the breaker may let one through to see whether the API is well again, and then the others.
        while ids and (allowed := self._parts.breaker.allow(len(ids))):
            answers |= self._fetch(ids[:allowed])
            ids = ids[allowed:]
        return answers | dict.fromkeys(ids, Later("too many lookups failed lately", _BREAKER_PAUSE, asked=False))

    def _fetch(self, ids: list[str]) -> dict[str, Answer]:
        count = Tally(0, 0, len(ids))  # if this is interrupted, nothing is known
        try:
            fetched = self._parts.client.fetch(ids)
            count = tally(fetched.values())
        finally:
            self._parts.breaker.record(*count)
        self._parts.counts.add(fetched.values())
        self._parts.cache.put_many(_final(fetched))
        return fetched

    def _verdict(self, taken: Taken, entry: Entry, answers: Mapping[str, Answer]) -> Verdict:
        answer = answers.get(entry.item.media_id or "", Gone("the message has no media id"))
        match answer:
            case Found(metadata):
                return self._onward(entry, metadata)
            case Gone(reason):
                return self._onward(entry, MediaMetadata(id=entry.item.media_id, error=reason))
            case Later(reason, after, asked):
                return self._later(taken, entry, reason, after, asked)

    def _later(self, taken: Taken, entry: Entry, reason: str, after: float | None, asked: bool) -> Verdict:
        attempt = taken.attempts + 1
        delay = after if after is not None else self._draw(min(POLICY.cap, POLICY.base * 2.0**taken.attempts))
        waited = self._now() - entry.received_ms / 1000
        if (asked and attempt >= POLICY.attempts) or waited + delay > LONGEST_WAIT:
            return self._onward(entry, MediaMetadata(id=entry.item.media_id, error=f"given up: {reason}"))
        # What the breaker kept back was no attempt.
        return Again(delay, reason, counted=asked)

    def _onward(self, entry: Entry, metadata: MediaMetadata) -> Verdict:
        entry.metadata = metadata
        return Done((Next(b"", pack(entry), self._lanes.get(entry.item.type, ())),))


def _final(answers: Mapping[str, Answer]) -> dict[str, MediaMetadata]:
    """What is worth keeping: found, or gone for good as the API said it."""
    kept = {media_id: answer.metadata for media_id, answer in answers.items() if isinstance(answer, Found)}
    # A refused credential is mended by an operator, and must not go on failing for an hour after that.
    gone = {
        media_id: answer
        for media_id, answer in answers.items()
        if isinstance(answer, Gone) and answer.asked and status(answer) not in {"401", "403"}
    }
    return kept | {media_id: MediaMetadata(id=media_id, error=answer.reason) for media_id, answer in gone.items()}
