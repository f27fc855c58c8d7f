"""Drains with real handlers on a real server, while what they need is away, or full."""

from collections.abc import Callable
from typing import Any

import pytest
import redis

from shared.errors import Reject, Retry, Unavailable
from tests.support.lanes.looking import dead_letters, let_leases_run_out, let_retries_wait, look, spec, woken
from tests.support.runtime.entries import entry
from workers.events import TextMessage
from workers.handlers.registry import Handler
from workers.lanes import Lanes
from workers.lanes.client import MAX_DEATHS
from workers.runtime.drain import Drain
from workers.runtime.steps.run_handler import RunHandlerStep

LANE = "text.f"
Handle = Callable[[Any], None]


def _drain(lanes: Lanes, function: Handle, *, batch: bool = False) -> Drain:
    work = RunHandlerStep(
        Handler("text", "f", function, batch, Retry(3, 1.0, 1.0), "work", 30.0), jitter=lambda top: top
    )
    return Drain(LANE, lanes, work, "a", batch=100, budget=1.0, clock=lambda: 0.0)


@pytest.fixture(autouse=True)
def _known(lanes: Lanes) -> None:
    lanes.register([spec(LANE)])
    lanes.push(LANE, [entry(1), entry(2), entry(3)])


def _down(_event: object) -> None:
    raise Unavailable("the database is down")


@pytest.mark.logs("error")
def test_what_cannot_be_read_is_a_dead_letter_with_its_bytes(lanes: Lanes, client: redis.Redis) -> None:
    lanes.push(LANE, [b"\x00junk\xff"])
    seen: list[str | None] = []
    assert _drain(lanes, lambda event: seen.append(event.text)).run() == 4
    [letter] = dead_letters(client, LANE, 10)
    assert (letter.data, letter.why) == (b"\x00junk\xff", "undecodable")
    assert seen == ["1", "2", "3"]


@pytest.mark.logs("error")
def test_an_event_is_tried_until_its_policy_ends(lanes: Lanes, client: redis.Redis) -> None:
    runs: list[int] = []

    def handle(event: TextMessage) -> None:
        if event.text == "2":
            runs.append(event.attempt)
            raise ValueError("no luck")

    for _ in range(5):
        _drain(lanes, handle).run()
        let_retries_wait(client, LANE, 2)
        lanes.run_maintenance([LANE])
    [letter] = dead_letters(client, LANE, 10)
    assert (letter.data, letter.why, letter.error, letter.attempts) == (entry(2), "exhausted", "ValueError: no luck", 3)
    assert "in handle" in letter.trace
    assert runs == [1, 2, 3]
    assert look(client, LANE) == ([], [], [], [], [entry(2)])


@pytest.mark.logs("error")
def test_a_rejected_event_is_a_dead_letter_at_once(lanes: Lanes, client: redis.Redis) -> None:
    def handle(event: TextMessage) -> None:
        if event.text == "2":
            raise Reject("no such customer")

    assert _drain(lanes, handle).run() == 3
    assert [(letter.why, letter.error) for letter in dead_letters(client, LANE, 10)] == [
        ("rejected", "no such customer")
    ]


@pytest.mark.logs("warning")
@pytest.mark.parametrize("batch", [False, True])
def test_however_long_an_outage_lasts_it_costs_no_attempt_and_nothing_dies(
    lanes: Lanes, client: redis.Redis, batch: bool
) -> None:
    for _ in range(10):
        assert _drain(lanes, _down, batch=batch).run() == 0
        assert client.delete(f"sluice:lane:{LANE}:hold") == 1
    attempts: list[int] = []

    def note(given: Any) -> None:
        attempts.extend(event.attempt for event in (given if batch else [given]))

    assert _drain(lanes, note, batch=batch).run() == 3
    assert attempts == [1, 1, 1]


@pytest.mark.logs("warning")
def test_nor_does_it_in_a_full_redis(lanes: Lanes, client: redis.Redis) -> None:
    for _ in range(MAX_DEATHS + 1):
        client.config_set("maxmemory", 1)
        assert _drain(lanes, _down).run() == 0
        client.config_set("maxmemory", 0)
        assert client.delete(f"sluice:lane:{LANE}:hold") == 1
        let_leases_run_out(client, LANE)
        lanes.run_maintenance([LANE])
    assert sorted(look(client, LANE).waiting) == [entry(1), entry(2), entry(3)]
    assert dead_letters(client, LANE, 10) == []


@pytest.mark.logs("warning")
def test_a_suspect_that_meets_an_outage_stays_a_suspect_and_is_charged_nothing(
    lanes: Lanes, client: redis.Redis
) -> None:
    lanes.take(LANE, "dead", 1)
    lanes.run_maintenance([LANE], ["dead"])
    for _ in range(MAX_DEATHS + 1):
        assert _drain(lanes, _down).run() == 0
        client.delete(f"sluice:lane:{LANE}:hold")
    assert look(client, LANE).suspects == [entry(1)]
    [suspect] = lanes.take_suspect(LANE, "b")
    assert suspect.deaths == 1


@pytest.mark.logs("warning")
def test_a_held_lane_wakes_nobody_until_the_outage_may_be_over(lanes: Lanes, client: redis.Redis) -> None:
    client.delete("sluice:queue:work", f"sluice:lane:{LANE}:woken")
    _drain(lanes, _down).run()
    assert woken(client) == []
    client.delete(f"sluice:lane:{LANE}:hold")
    lanes.run_maintenance([LANE])
    assert woken(client) == [LANE]


def test_what_a_drain_held_when_it_was_interrupted_comes_back(lanes: Lanes, client: redis.Redis) -> None:
    def interrupted(_event: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _drain(lanes, interrupted).run()
    assert len(look(client, LANE).held) == 3
    let_leases_run_out(client, LANE)
    lanes.run_maintenance([LANE])
    done: list[str | None] = []
    assert _drain(lanes, lambda event: done.append(event.text)).run() == 3
    assert done == ["1", "2", "3"]


@pytest.mark.logs("error")
def test_an_error_that_quotes_half_a_character_is_kept(lanes: Lanes, client: redis.Redis) -> None:
    def handle(event: TextMessage) -> None:
        raise Reject("cannot send \ud83d")

    assert _drain(lanes, handle).run() == 3
    assert {letter.error for letter in dead_letters(client, LANE, 10)} == {"cannot send \\ud83d"}


def test_a_handler_may_ask_for_eternity(lanes: Lanes, client: redis.Redis) -> None:
    def handle(event: TextMessage) -> None:
        raise Retry.after(float("inf"))

    assert _drain(lanes, handle).run() == 3
    assert len(look(client, LANE).retrying) == 3


@pytest.mark.parametrize("suspect", [False, True])
def test_what_a_process_held_when_redis_went_away_is_given_back_and_is_no_death(
    lanes: Lanes, client: redis.Redis, monkeypatch: pytest.MonkeyPatch, suspect: bool
) -> None:
    if suspect:
        lanes.take(LANE, "dead", 3)
        let_leases_run_out(client, LANE)
        lanes.run_maintenance([LANE])
    away = [True]
    settle, give_back = Lanes.settle, Lanes.release_all

    def lost(self: Lanes, *args: Any, **options: Any) -> Any:
        if away[0]:
            raise redis.exceptions.ConnectionError("Redis is away")
        return settle(self, *args, **options)

    def back_at_the_third_try(self: Lanes, lane: str, consumer: str) -> int:
        tries.append(lane)
        if len(tries) < 3:
            raise redis.exceptions.ConnectionError("Redis is away")
        away[0] = False
        return give_back(self, lane, consumer)

    tries: list[str] = []
    monkeypatch.setattr(Lanes, "settle", lost)
    monkeypatch.setattr(Lanes, "release_all", back_at_the_third_try)
    monkeypatch.setattr("workers.runtime.drain.RETRY_INTERVAL", 0.0)
    handled: list[str | None] = []
    drain = _drain(lanes, lambda event: handled.append(event.text))
    with pytest.raises(redis.exceptions.ConnectionError):
        drain.run()
    assert len(tries) == 3

    before = len(handled)
    drain.run()
    assert sorted(handled[before:], key=str) == ["1", "2", "3"]
    assert look(client, LANE) == ([], [], [], [], [])
