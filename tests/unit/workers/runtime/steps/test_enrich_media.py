"""Events with media get its metadata, or the reason why not, and go on."""

from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from workers.events import MediaMetadata
from workers.lanes import Completed, DeadLettered, Outcome, Rescheduled, TakenEntry, TakeTimings
from workers.media import Fetched, LookupResult, Permanent, Transient, http_status
from workers.parsing import RawEvent
from workers.runtime.event_entry import EventEntry, decode_entry, encode_entry
from workers.runtime.steps.enrich_media import MAX_WAIT, POLICY, EnrichMediaStep, MediaParts

NOW = 1_777_600_000.0
FOUND = Fetched(MediaMetadata(id="1", url="https://media.example/1", file_size=7))


class Parts:
    """A stand-in for the media API, its cache and its breaker; notes what they are asked."""

    def __init__(self, answers: dict[str, LookupResult], allowed: Sequence[int] = ()) -> None:
        self.asked: list[list[str]] = []
        self.cached: dict[str, MediaMetadata] = {}
        self.recorded: list[tuple[int, ...]] = []
        self.counted: list[LookupResult] = []
        self._answers = answers
        self._allowed = list(allowed)

    def fetch(self, ids: Sequence[str]) -> dict[str, LookupResult]:
        self.asked.append(list(ids))
        return {media_id: self._answers[media_id] for media_id in ids}

    def allow(self, n: int) -> int:
        return min(n, self._allowed.pop(0)) if self._allowed else n

    def record(self, *count: int) -> None:
        self.recorded.append(count)

    def get_many(self, ids: Sequence[str]) -> dict[str, MediaMetadata]:
        return {media_id: self.cached[media_id] for media_id in ids if media_id in self.cached}

    def add(self, answers: Iterable[LookupResult]) -> None:
        self.counted += answers

    def put_many(self, metadata: dict[str, MediaMetadata]) -> None:
        self.cached |= metadata


def entry(media_id: str, number: int = 1, *, attempts: int = 0, age: float = 0.0) -> TakenEntry:
    body = {"id": f"wamid.{number}", "type": "image", "image": {"id": media_id}}
    item = RawEvent("message", "image", f"m:image:wamid.{number}", body, media_id=media_id)
    return TakenEntry(b"%d-0" % number, encode_entry(EventEntry(item, "r", int((NOW - age) * 1000))), attempts)


def run(parts: Parts, *entries: TakenEntry, measures: TakeTimings | None = None) -> list[Outcome]:
    stand_in: Any = SimpleNamespace(
        fetch=parts.fetch,
        allow=parts.allow,
        record=parts.record,
        get_many=parts.get_many,
        put_many=parts.put_many,
        add=parts.add,
    )
    lanes = {"image": ("image.store", "image.look")}
    work = EnrichMediaStep(lanes, MediaParts(*[stand_in] * 4), jitter=lambda top: top, now=lambda: NOW)
    return [verdict for _, verdict in work.run(entries, lambda: False, measures or TakeTimings())]


def metadata(verdict: Outcome) -> MediaMetadata:
    """Of the one entry that the verdict leads to, in both lanes, not deduplicated again."""
    assert isinstance(verdict, Completed)
    ((key, data, lanes),) = verdict.follow_ups
    assert (key, lanes) == (b"", ("image.store", "image.look"))
    found = decode_entry(data).metadata
    assert found is not None
    return found


def test_what_the_api_tells_goes_along_to_every_handler() -> None:
    (verdict,) = run(Parts({"1": FOUND}), entry("1"))
    assert metadata(verdict) == FOUND.metadata


def test_each_id_is_asked_for_once_and_then_cached() -> None:
    parts = Parts({"1": FOUND})
    assert len(run(parts, entry("1", 1), entry("1", 2))) == 2
    run(parts, entry("1", 3))
    assert parts.asked == [["1"]]


def test_a_final_answer_goes_along_as_the_reason_and_is_cached() -> None:
    parts = Parts({"1": Permanent("404 Not Found")})
    for number in (1, 2):
        (verdict,) = run(parts, entry("1", number))
        assert metadata(verdict) == MediaMetadata(id="1", error="404 Not Found")
    assert parts.asked == [["1"]]


def test_a_refused_credential_is_asked_about_again() -> None:
    parts = Parts({"1": Permanent("401 Unauthorized")})
    for number in (1, 2):
        run(parts, entry("1", number))
    assert parts.asked == [["1"], ["1"]]


def test_what_may_pass_is_tried_again_when_the_api_says() -> None:
    assert run(Parts({"1": Transient("429", 42.0)}), entry("1")) == [Rescheduled(42.0, "429")]


@pytest.mark.parametrize(("attempts", "delay"), [(0, 2.0), (1, 4.0), (4, 32.0)])
def test_or_else_by_the_policy(attempts: int, delay: float) -> None:
    assert run(Parts({"1": Transient("500", None)}), entry("1", attempts=attempts)) == [Rescheduled(delay, "500")]


def test_after_the_last_attempt_the_message_goes_on_without_its_picture() -> None:
    (verdict,) = run(Parts({"1": Transient("500", None)}), entry("1", attempts=POLICY.attempts - 1))
    assert metadata(verdict) == MediaMetadata(id="1", error="given up: 500")


def test_a_message_waits_no_longer_than_the_longest_wait_whatever_the_api_asks() -> None:
    (verdict,) = run(Parts({"1": Transient("429", 3600.0)}), entry("1"))
    assert metadata(verdict).error == "given up: 429"
    (verdict,) = run(Parts({"1": FOUND}, [0]), entry("1", age=MAX_WAIT))
    assert "too many lookups failed lately" in (metadata(verdict).error or "")


def test_what_the_breaker_keeps_back_is_no_attempt() -> None:
    parts = Parts({"1": FOUND}, [0])
    (verdict,) = run(parts, entry("1"))
    assert isinstance(verdict, Rescheduled)
    assert not verdict.counted
    assert (parts.asked, parts.recorded) == ([], [])


def test_when_the_one_that_is_let_through_is_well_the_others_follow() -> None:
    parts = Parts({"1": FOUND, "2": FOUND, "3": FOUND}, [1])
    verdicts = run(parts, entry("1", 1), entry("2", 2), entry("3", 3))
    assert {type(verdict) for verdict in verdicts} == {Completed}
    assert parts.asked == [["1"], ["2", "3"]]
    assert parts.recorded == [(1, 0, 0), (2, 0, 0)]


def test_an_interrupted_fetch_gives_its_places_back() -> None:
    parts = Parts({})  # fetch raises KeyError
    with pytest.raises(KeyError):
        run(parts, entry("1"))
    assert parts.recorded == [(0, 0, 1)]


def test_what_is_no_entry_is_a_dead_letter() -> None:
    verdicts = run(Parts({"1": FOUND}), TakenEntry(b"1-0", b"junk"), entry("1", 2))
    assert [type(verdict) for verdict in verdicts] == [DeadLettered, Completed]


def test_answers_are_counted_as_they_came_and_what_was_known_is_not() -> None:
    parts = Parts({"2": Permanent("401 Unauthorized"), "3": Transient("no answer within 5 s")})
    parts.cached["1"] = FOUND.metadata
    run(parts, entry("1"), entry("2", 2), entry("2", 3), entry("3", 4))
    assert [http_status(answer) for answer in parts.counted] == ["401", "none"]


def test_an_event_that_goes_on_was_done_and_one_that_waits_was_not() -> None:
    measures = TakeTimings(clock=lambda: NOW)
    run(Parts({"1": FOUND, "2": Transient("503")}), entry("1", age=1.0), entry("2", 2), measures=measures)
    assert measures.increments() == {"lag:1": 1, "lag:sum": 1_000_000}
