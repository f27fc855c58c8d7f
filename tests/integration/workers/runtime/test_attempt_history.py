"""What is remembered of attempts: failures, and the success after them; nothing of what went well at once."""

from typing import Any

import pytest
import redis

from shared.errors import Reject, Retry
from tests.support.lanes.looking import let_retries_wait, spec
from tests.support.runtime.entries import entry, taken
from workers.events import TextMessage
from workers.handlers.registry import Handler
from workers.lanes import Completed, DeadLettered, Lanes, Rescheduled, TakenEntry
from workers.lanes.circuit_breaker import BreakerPolicy
from workers.operations.purge import purge_lanes
from workers.runtime import attempt_history
from workers.runtime.attempt_history import ATTEMPTS_KEY, DEAD, HANDLED, RETRIED
from workers.runtime.drain import Drain
from workers.runtime.steps.base import Outcomes, SettledTake
from workers.runtime.steps.run_handler import RunHandlerStep
from workers.runtime.wiring import observers

LANE = "text.f"


def record(client: redis.Redis, entries: list[TakenEntry], outcomes: Outcomes) -> None:
    attempt_history.record(client, SettledTake(LANE, entries, outcomes))


def reported(client: redis.Redis, number: int) -> list[tuple[int, str, str]]:
    found = attempt_history.list_attempts(client, f"m:text:wamid.{number}", 0)
    assert {attempt.lane for attempt in found} <= {LANE}
    return [(attempt.number, attempt.outcome, attempt.error) for attempt in found]


@pytest.mark.logs("error")
def test_the_attempts_of_an_event_that_was_tried_again_are_reported(lanes: Lanes, client: redis.Redis) -> None:
    def handle(event: TextMessage) -> None:
        if event.text == "2":
            raise Reject("not her")
        if event.text == "3" and event.attempt < 3:
            raise ValueError(f"no luck {event.attempt}")

    lanes.register([spec(LANE)])
    lanes.push(LANE, [entry(1), entry(2), entry(3)])
    work = RunHandlerStep(Handler("text", "f", handle, False, Retry(5, 1.0, 1.0), "work", 30.0), jitter=lambda top: top)
    for _ in range(3):
        Drain(LANE, lanes, work, "a", batch=100, budget=1.0, observers=observers(lanes)).run()
        let_retries_wait(client, LANE, 2)
        lanes.run_maintenance([LANE])
    assert reported(client, 1) == []
    assert reported(client, 2) == [(1, DEAD, "not her")]
    assert reported(client, 3) == [
        (1, RETRIED, "ValueError: no luck 1"),
        (2, RETRIED, "ValueError: no luck 2"),
        (3, HANDLED, ""),
    ]


@pytest.mark.logs("error")
def test_a_failure_while_the_breaker_is_open_ends_no_event(client: redis.Redis) -> None:
    def handle(event: TextMessage) -> None:
        raise ValueError("no luck")

    lanes = Lanes(client, breaker=BreakerPolicy(threshold=1))
    lanes.register([spec(LANE)])
    lanes.push(LANE, [entry(1)])
    work = RunHandlerStep(Handler("text", "f", handle, False, Retry(1, 1.0, 1.0), "work", 30.0))
    Drain(LANE, lanes, work, "a", batch=100, budget=1.0, observers=observers(lanes)).run()
    assert reported(client, 1) == [(1, RETRIED, "ValueError: no luck")]


def test_what_was_only_put_off_was_no_attempt(client: redis.Redis) -> None:
    record(client, [taken(1)], [(b"1-0", Rescheduled(15.0, "too many lookups failed", counted=False))])
    assert not client.exists(ATTEMPTS_KEY)


def test_what_cannot_be_read_is_no_event_and_harms_none(client: redis.Redis) -> None:
    held = [taken(1), taken(2)._replace(data=b"\xff")]
    record(client, held, [(b"1-0", Rescheduled(1.0, "\ud83d")), (b"2-0", DeadLettered("undecodable", "?"))])
    assert reported(client, 1) == [(1, RETRIED, "\\ud83d")]
    assert client.xlen(ATTEMPTS_KEY) == 1


def test_a_full_or_absent_redis_costs_the_note_alone(client: redis.Redis) -> None:
    client.config_set("maxmemory", 1)
    record(client, [taken(1)], [(b"1-0", Rescheduled(1.0, "no"))])
    client.config_set("maxmemory", 0)
    record(redis.Redis(port=1), [taken(1)], [(b"1-0", Rescheduled(1.0, "no"))])
    assert reported(client, 1) == []


def test_the_oldest_notes_are_forgotten_first(client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt_history, "MAX_ATTEMPTS_KEPT", 10)
    monkeypatch.setattr("workers.lanes.paging.PAGE_SIZE", 3)
    client.config_set("stream-node-max-entries", 5)
    for number in range(50):
        record(client, [taken(number, attempts=1)], [(b"%d-0" % number, Completed())])
    assert reported(client, 0) == []
    assert reported(client, 49) == [(2, HANDLED, "")]
    length: Any = client.xlen(ATTEMPTS_KEY)
    assert 10 <= length <= 15
    client.config_set("stream-node-max-entries", 100)


def test_a_purge_forgets_them(client: redis.Redis) -> None:
    record(client, [taken(1)], [(b"1-0", Rescheduled(1.0, "919800000001 has no order"))])
    purge_lanes(client, "919800000001")
    assert not client.exists(ATTEMPTS_KEY)
