"""A handler that fails for everyone costs time, and nothing else."""

from typing import Any

import pytest
import redis
from redis.exceptions import ConnectionError as RedisConnectionError

from shared.errors import Retry, Unavailable
from tests.support.lanes.looking import dead_letters, let_retries_wait, look, raw
from tests.support.log import Log
from tests.support.runtime.entries import entry
from tests.support.runtime.fleet import LANE, Runs, fleet, make
from tests.support.waiting import until
from workers.events import TextMessage
from workers.lanes import Lanes, LaneSpec, TakenEntry
from workers.lanes.circuit_breaker import BreakerPolicy, BreakerStatus
from workers.lanes.status import LaneStatus, lane_statuses
from workers.runtime.drain import SUSPEND_SECONDS

RETRY = Retry(attempts=3, base=0.05, cap=0.1)
FEW = BreakerPolicy(threshold=5, first_hold=3600.0)


def _lane(lanes: Lanes) -> LaneStatus:
    (found,) = lane_statuses(lanes.client)
    return found


def _tried(lanes: Lanes, times: int) -> BreakerStatus | None:
    """The breaker's status once `times` probes have begun."""
    found = _lane(lanes).breaker
    return found if found is not None and found.tries >= times else None


def _settled(lanes: Lanes) -> bool:
    found = _lane(lanes)
    return not found.waiting + found.in_flight + found.retries


def _died(error: str, attempt: int, wamid: str) -> tuple[str, str, dict[str, Any]]:
    fields = {"lane": LANE, "events": 1, "why": "exhausted", "error": error, "attempt": attempt, "handler": "f"}
    return "error", "events became dead letters", fields | {"receipt": "receipt", "event_key": f"m:text:{wamid}"}


def _down(_given: object) -> None:
    raise ConnectionError("the CRM")


@pytest.mark.parametrize("batch", [False, True])
def test_while_it_fails_for_everyone_nothing_dies_and_when_it_is_mended_all_are_handled(
    redis_url: str, client: redis.Redis, log: Log, batch: bool
) -> None:
    runs = Runs(_down)
    with fleet(redis_url, runs, retry=RETRY, batch=batch) as lanes:
        lanes.push(LANE, [entry(number) for number in range(500)])
        found = until(lambda: _tried(lanes, 5))
        assert found is not None
        assert found.error == "ConnectionError: the CRM"
        assert _lane(lanes).dead == 0
        runs.act = lambda _given: None
        until(lambda: _settled(lanes))
        assert _lane(lanes).breaker is None
    assert sorted(text for text, _ in runs.handled) == sorted(str(number) for number in range(500))
    assert dead_letters(client, LANE, 1) == []
    opened, closed = log.take()
    assert opened[:2] == ("error", "handler fails for every event; circuit breaker opened, the lane waits")
    assert opened[2]["lane"] == LANE
    assert opened[2]["error"] == "ConnectionError: the CRM"
    assert opened[2]["streak"] >= 20
    assert closed[:2] == ("info", "handler works again; circuit breaker closed")
    assert closed[2].keys() == {"lane", "handler", "seconds"}
    assert 0 < closed[2]["seconds"] < 60


@pytest.mark.parametrize("batch", [False, True])
def test_a_handler_that_did_well_before_is_left_alone_after_its_first_failures(
    redis_url: str, client: redis.Redis, log: Log, batch: bool
) -> None:
    runs = Runs(lambda _given: None)
    with fleet(redis_url, runs, retry=RETRY, batch=batch) as lanes:
        lanes.push(LANE, [entry(number) for number in range(100)])
        until(lambda: _settled(lanes))
        runs.act = _down
        lanes.push(LANE, [entry(number) for number in range(100, 600)])
        until(lambda: _tried(lanes, 5))
        tried = sum(runs.runs[str(number)] > 0 for number in range(100, 600))
        runs.act = lambda _given: None
        until(lambda: _settled(lanes))
    attempts = [attempt for text, attempt in runs.handled if int(text) >= 100]
    assert len(attempts) == 500
    # Below the threshold they were charged, and so were entries that a probe went on with; nobody else was.
    assert sum(attempt > 1 for attempt in attempts) < 20 + 4
    assert tried < 400  # it was spared the others
    assert [line[0] for line in log.take()] == ["error", "info"]


def test_one_bad_event_among_good_ones_is_a_dead_letter(redis_url: str, client: redis.Redis, log: Log) -> None:
    def act(event: TextMessage) -> None:
        if event.text == "37":
            raise ValueError("no luck")

    runs = Runs(act)
    with fleet(redis_url, runs, retry=RETRY) as lanes:
        lanes.push(LANE, [entry(number) for number in range(500)])
        until(lambda: _settled(lanes))
    [letter] = dead_letters(client, LANE, 10)
    assert (letter.data, letter.why, letter.attempts) == (entry(37), "exhausted", 3)
    assert len(runs.handled) == 499
    assert runs.runs["37"] == 3
    assert log.take() == [_died("ValueError: no luck", 3, "wamid.37")]


def test_one_bad_event_in_a_quiet_lane_is_a_dead_letter(redis_url: str, client: redis.Redis, log: Log) -> None:
    runs = Runs(_down)
    with fleet(redis_url, runs, retry=Retry(attempts=25, base=0.0, cap=0.0)) as lanes:
        lanes.push(LANE, [entry(1)])
        until(lambda: _settled(lanes))
    assert [letter.attempts for letter in dead_letters(client, LANE, 10)] == [25]
    assert runs.runs["1"] == 25
    assert log.take() == [_died("ConnectionError: the CRM", 25, "wamid.1")]


@pytest.mark.parametrize("fails", [1, 2])
def test_a_handler_that_fails_for_every_event_at_first_is_not_held_up(
    redis_url: str, client: redis.Redis, log: Log, fails: int
) -> None:
    def act(event: TextMessage) -> None:
        if event.attempt <= fails:
            raise ConnectionError("the first attempts fail on purpose")

    runs = Runs(act)
    with fleet(redis_url, runs, retry=RETRY) as lanes:
        lanes.push(LANE, [entry(number) for number in range(500)])
        until(lambda: _settled(lanes))
    assert {attempt for _, attempt in runs.handled} == {fails + 1}
    assert len(runs.handled) == 500
    assert log.take() == []


def test_a_handler_that_begins_to_do_so_is_found_out(redis_url: str, client: redis.Redis, log: Log) -> None:
    """As one does that asks elsewhere at its later attempts, when what it asks first is down."""
    runs = Runs(lambda _event: None)
    with fleet(redis_url, runs, retry=Retry(attempts=6, base=0.05, cap=0.1)) as lanes:
        lanes.push(LANE, [entry(number) for number in range(100)])
        until(lambda: _settled(lanes))

        def act(event: TextMessage) -> None:
            if event.attempt < 5:
                raise ConnectionError("the first choice is down")

        runs.act = act
        lanes.push(LANE, [entry(number) for number in range(100, 600)])
        until(lambda: _settled(lanes), within=30)
        assert _lane(lanes).breaker is None
    assert len(runs.handled) == 600
    assert dead_letters(client, LANE, 1) == []
    assert [line[0] for line in log.take()] == ["error", "info"]


def test_a_handler_that_asks_for_more_time_is_not_held_up(redis_url: str, client: redis.Redis, log: Log) -> None:
    def act(event: TextMessage) -> None:
        if event.attempt == 1:
            raise Retry.after(0.05, "not yet")

    runs = Runs(lambda _event: None)
    with fleet(redis_url, runs, retry=RETRY) as lanes:
        lanes.push(LANE, [entry(1000)])
        until(lambda: _settled(lanes))
        runs.act = act
        lanes.push(LANE, [entry(number) for number in range(500)])
        until(lambda: _settled(lanes))
    assert len(runs.handled) == 501
    assert log.take() == []


def test_a_probe_takes_one_event_and_gives_it_back_where_what_it_needs_is_down(
    lanes: Lanes, client: redis.Redis, log: Log
) -> None:
    slow = Lanes(client, breaker=FEW)
    slow.register([LaneSpec(LANE, "messages", 10, 60_000)])
    batches: list[int] = []

    def act(events: list[TextMessage]) -> None:
        batches.append(len(events))
        raise Unavailable("the CRM says so itself now") if len(batches) > 15 else ConnectionError("the CRM")

    drain = make(slow, act, "a", retry=Retry(attempts=1), batch=True)
    slow.push(LANE, [entry(number) for number in range(8)])
    assert drain.run() == 8  # nothing is proven, but it was their last attempt
    assert (len(batches), drain.run()) == (15, 0)
    client.delete(f"sluice:lane:{LANE}:hold")
    let_retries_wait(client, LANE, 3600)
    slow.run_maintenance([LANE])
    assert drain.run() == 0
    assert batches[15:] == [1]
    assert 0 < client.pttl(f"sluice:lane:{LANE}:hold") <= SUSPEND_SECONDS * 1000
    assert len(look(client, LANE).waiting) == 8
    assert not any(b"a" in fields for _, fields in raw(client, f"sluice:lane:{LANE}"))  # nobody was charged
    assert [line[0] for line in log.take()] == ["error", "warning"]


def _opened(lanes: Lanes) -> None:
    """The breaker is open, its hold is over, and an event waits."""
    lanes.register([LaneSpec(LANE, "messages", 10, 60_000)])
    lanes.push(LANE, [entry(number) for number in range(16)])
    make(lanes, _down, "another", retry=Retry(attempts=1)).run()
    lanes.client.delete(f"sluice:lane:{LANE}:hold")
    lanes.push(LANE, [entry(16)])
    found = _lane(lanes)
    assert (found.breaker is not None, found.held, found.waiting) == (True, False, 1)


@pytest.mark.logs("error")
def test_a_probe_that_comes_too_late_for_its_event_lets_go(client: redis.Redis) -> None:
    class Robbed(Lanes):
        def take(self, lane: str, consumer: str, count: int) -> list[TakenEntry]:
            super().take(lane, "a drain that began before", 100)
            return []

    _opened(Lanes(client, breaker=FEW))
    assert make(Robbed(client), _down, "a", retry=RETRY).run() == 0
    assert not _lane(Lanes(client)).held


@pytest.mark.logs("error", "info")
def test_a_probe_whose_process_dies_is_replaced_once_that_is_known(client: redis.Redis) -> None:
    def die(_event: object) -> None:
        raise KeyboardInterrupt

    lanes = Lanes(client, breaker=FEW)
    _opened(lanes)
    with pytest.raises(KeyboardInterrupt):
        make(lanes, die, "dead", retry=RETRY).run()
    assert _lane(lanes).held
    lanes.run_maintenance([LANE], ["dead"])
    runs = Runs(lambda _event: None)
    assert make(lanes, runs, "a", retry=RETRY).run() == 1
    assert (runs.handled, _lane(lanes).breaker) == ([("16", 1)], None)


@pytest.mark.logs("error")
def test_a_probe_that_loses_redis_gives_its_event_back_and_lets_go(client: redis.Redis) -> None:
    class Cut(Lanes):
        def take(self, lane: str, consumer: str, count: int) -> list[TakenEntry]:
            super().take(lane, consumer, count)
            raise RedisConnectionError("the answer was lost")

    lanes = Lanes(client, breaker=FEW)
    _opened(lanes)
    with pytest.raises(RedisConnectionError):
        make(Cut(client), _down, "a", retry=RETRY).run()
    found = _lane(lanes)
    assert (found.held, found.waiting, found.in_flight) == (False, 1, 0)


def test_a_drain_stops_when_it_finds_the_breaker_open(lanes: Lanes, client: redis.Redis, log: Log) -> None:
    slow = Lanes(client, breaker=BreakerPolicy(first_hold=3600.0))
    slow.register([LaneSpec(LANE, "messages", 10, 60_000)])
    runs = Runs(_down)
    slow.push(LANE, [entry(number) for number in range(500)])
    drain = make(slow, runs, "a", retry=Retry(attempts=1))
    assert drain.run() == 16 + 32  # it opened with the second take
    assert drain.run() == 0
    assert len(look(client, LANE).waiting) == 500 - 48
    assert len(dead_letters(client, LANE, 100)) == 16
    assert [(text, fields.get("events")) for _, text, fields in log.take()] == [
        ("events became dead letters", 16),
        ("handler fails for every event; circuit breaker opened, the lane waits", None),
    ]
