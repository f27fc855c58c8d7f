"""The history on an event's page: each handler's attempts, and where the event is now."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.console.browsing import Visitor, links, words
from tests.support.console.fixtures import entry, message
from workers.lanes import Completed, DeadLettered, Lanes, Outcome, Rescheduled, TakenEntry
from workers.lanes.reader import LaneReader
from workers.operations.entries import key_marker
from workers.runtime import attempt_history
from workers.runtime.steps.base import SettledTake
from workers.store import Store

Runs = Callable[..., None]


@pytest.fixture
def run(lanes: Lanes, store: Store) -> Runs:
    """Store an event and return a function that runs its handler's attempts with the given outcomes."""
    store.write([message(wamid="wamid.77")])
    lanes.push("text.greet", [entry(wamid="wamid.77")])

    def ran(*verdicts: Outcome) -> None:
        for made, verdict in enumerate(verdicts):
            if made:
                lanes.client.zadd("sluice:lane:text.greet:retry", {_member(lanes): 0})
                lanes.run_maintenance(["text.greet"])
            (held,) = lanes.take("text.greet", "test", 1)
            assert held.attempts == made
            lanes.settle("text.greet", [(held.id, verdict)])
            attempt_history.record(lanes.client, SettledTake("text.greet", [held], [(held.id, verdict)]))

    return ran


def _member(lanes: Lanes) -> bytes:
    members: Any = lanes.client.zrange("sluice:lane:text.greet:retry", 0, -1)
    (member,) = members
    return bytes(member)


def history_of(operator: Visitor) -> str:
    page = words(operator.get(links(operator.get("/events"), "/events/")[0]))
    return page[page.index("History") : page.index("Payload")]


def test_an_event_handled_at_the_first_attempt_says_so(run: Runs, operator: Visitor) -> None:
    run(Completed())
    reported = history_of(operator)
    assert "received" in reported
    assert "acknowledged with a 200" in reported
    assert "handled by text.greet at the first attempt, unless that handler is newer than the event" in reported
    assert "text.store" not in reported


def test_a_waiting_event_says_so(run: Runs, operator: Visitor) -> None:
    assert "waiting in text.greet or being handled" in history_of(operator)


def test_an_event_of_a_killed_worker_is_waiting_too(run: Runs, lanes: Lanes, operator: Visitor) -> None:
    lanes.take("text.greet", "killed", 1)
    lanes.run_maintenance(["text.greet"], ["killed"])
    assert "waiting in text.greet or being handled" in history_of(operator)


def test_failed_attempts_have_a_time_and_error_and_the_next_is_announced(run: Runs, operator: Visitor) -> None:
    run(Rescheduled(60, "ConnectionError: the CRM"), Rescheduled(60, "TimeoutError: the CRM"))
    reported = history_of(operator)
    first, second = reported.index("attempt 1 of text.greet failed"), reported.index("attempt 2 of text.greet failed")
    assert reported.index("ConnectionError: the CRM") in range(first, second)
    assert "next attempt" in reported[second:]
    assert "by text.greet, after 2 attempts: TimeoutError: the CRM" in reported[second:]


def test_an_event_handled_later_shows_the_attempt(run: Runs, operator: Visitor) -> None:
    run(Rescheduled(60, "ConnectionError: the CRM"), Completed())
    reported = history_of(operator)
    assert "attempt 1 of text.greet failed" in reported
    assert "at attempt 2" in reported
    assert "at the first attempt" not in reported


def test_a_dead_event_links_to_its_dead_letter_with_the_attempts(run: Runs, lanes: Lanes, operator: Visitor) -> None:
    run(Rescheduled(60, "ConnectionError: the CRM"), DeadLettered("exhausted", "TimeoutError: the CRM"))
    page = operator.get(links(operator.get("/events"), "/events/")[0])
    assert "attempt 1 of text.greet failed" in words(page)
    assert "in text.greet after 2 attempts: TimeoutError: the CRM" in words(page)
    assert "attempt 2" not in words(page)
    (letter,) = links(page, "/dead/text.greet/")
    reported = words(operator.get(letter))
    assert "Attempts attempt 1 of text.greet failed" in reported
    assert "ConnectionError: the CRM attempt 2 of text.greet failed, and was the last" in reported


def test_failed_media_lookups_are_shown(lanes: Lanes, store: Store, operator: Visitor) -> None:
    picture: dict[str, Any] = {"wamid": "wamid.78", "type": "image", "image": {"id": "1"}}
    store.write([message(**picture)])
    held = TakenEntry(b"1-1", entry(**picture))
    attempt_history.record(
        lanes.client, SettledTake("media", [held], [(held.id, Rescheduled(5, "503 from the media API"))])
    )
    assert "classified message, image attempt 1 of media failed" in re.sub(r"[\d:]{8} ", "", history_of(operator))


def test_an_event_handled_without_a_record_is_shown_as_handled(run: Runs, lanes: Lanes, operator: Visitor) -> None:
    run(Rescheduled(60, "ConnectionError: the CRM"))
    lanes.client.delete("sluice:lane:text.greet:retry")
    assert "handled by text.greet at a later attempt" in history_of(operator)


def test_among_very_many_entries_an_event_is_not_claimed_to_be_handled(
    run: Runs, lanes: Lanes, operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(Completed())
    monkeypatch.setattr("workers.lanes.paging.PAGE_SIZE", 2)
    monkeypatch.setattr("workers.lanes.reader.MAX_SCANNED", 4)
    lanes.push("text.greet", [entry(wamid=f"wamid.{number}") for number in range(9)])
    assert "handled by text.greet, or still waiting" in history_of(operator)


def test_an_event_is_found_beyond_the_first_page(run: Runs, lanes: Lanes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lanes.paging.PAGE_SIZE", 2)
    monkeypatch.setattr("workers.lanes.reader.PAGE_SIZE", 2)
    lanes.push("text.greet", [entry(wamid=f"wamid.{number}") for number in range(5)])
    taken: list[TakenEntry] = lanes.take("text.greet", "test", 6)
    lanes.settle("text.greet", [(held.id, Rescheduled(60 + n, "no")) for n, held in enumerate(taken[:5])])
    for number, place in ((77, "ScheduledRetry"), (3, "ScheduledRetry"), (4, "Waiting"), (5, "NoneType")):
        found = LaneReader(lanes.client).find("text.greet", key_marker(f"m:text:wamid.{number}"), 0)
        assert (number, type(found).__name__) == (number, place)


def test_a_dead_letter_shows_its_failed_attempts(run: Runs, operator: Visitor) -> None:
    run(Rescheduled(60, "ConnectionError: the CRM"), DeadLettered("exhausted", "ValueError: no", "Traceback"))
    page = operator.get(links(operator.get("/dead"), "/dead/text.greet/")[0])
    assert page.status_code == 200
    attempts = words(page).partition("Attempts")[2].partition("Traceback")[0]
    assert "attempt 1 of text.greet failed" in attempts
    assert "ConnectionError: the CRM" in attempts
