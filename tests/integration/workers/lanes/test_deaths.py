"""A dead process's entries come back one by one; one that keeps killing becomes a dead letter, the others do not."""

import multiprocessing

import pytest
import redis

from shared.redis.connection import connect
from tests.support.lanes.looking import (
    counts,
    dead,
    dead_letters,
    held,
    let_leases_run_out,
    let_retries_wait,
    spec,
    waiting,
    waiting_suspects,
)
from tests.support.waiting import until
from workers.lanes import Completed, Lanes, Outcome, Released, Rescheduled
from workers.lanes.client import MAX_DEATHS, MAX_EXPIRED_LEASES

LANE = "text.greet"


@pytest.fixture(autouse=True)
def _known(lanes: Lanes) -> None:
    lanes.register([spec(LANE)])


def _die(lanes: Lanes) -> None:
    """All who hold something in the lane die, and their leases run out."""
    let_leases_run_out(lanes.client, LANE)
    lanes.run_maintenance([LANE])


def test_entries_of_a_killed_process_come_back_one_by_one(lanes: Lanes, client: redis.Redis, redis_url: str) -> None:
    lanes.register([spec(LANE, lease_ms=50)])
    lanes.push(LANE, [b"1", b"2", b"3"])
    child = multiprocessing.get_context("spawn").Process(target=_take_and_hang, args=(redis_url,), daemon=True)
    child.start()
    until(lambda: client.exists("taken"))
    assert len(held(client, LANE)) == 3
    child.kill()
    child.join()
    until(lambda: lanes.run_maintenance([LANE]) and len(waiting_suspects(client, LANE)) == 3)
    assert lanes.start_drain(LANE, None).has_suspects
    assert lanes.take(LANE, "b", 10) == []
    for expected in (b"1", b"2", b"3"):
        [entry] = lanes.take_suspect(LANE, "b")
        assert (entry.data, entry.attempts, entry.deaths) == (expected, 0, 1)
        assert lanes.settle(LANE, [(entry.id, Completed())], suspect=True)[:3] == (1, 0, 0)
    assert lanes.take_suspect(LANE, "b") == []
    assert not lanes.start_drain(LANE, None).has_suspects


def _take_and_hang(redis_url: str) -> None:
    with connect(redis_url) as client:
        assert len(Lanes(client).take(LANE, "the victim", 10)) == 3
        client.set("taken", 1)
        client.blpop(["never"])  # until it is killed


def test_suspects_wake_their_lane(lanes: Lanes, client: redis.Redis) -> None:
    lanes.push(LANE, [b"1"])
    lanes.take(LANE, "a", 1)
    client.delete(f"sluice:lane:{LANE}:woken")
    let_leases_run_out(client, LANE)
    assert lanes.run_maintenance([LANE])[LANE] == (0, 1, 0, 1, 0)


def test_an_entry_that_kills_three_times_becomes_a_dead_letter(lanes: Lanes, client: redis.Redis) -> None:
    lanes.push(LANE, [b"killer"])
    lanes.take(LANE, "a", 1)
    for deaths in range(1, MAX_DEATHS):
        _die(lanes)
        [entry] = lanes.take_suspect(LANE, "a")
        assert entry.deaths == deaths
    let_leases_run_out(client, LANE)
    assert lanes.run_maintenance([LANE])[LANE] == (0, 0, 1, 0, 0)
    [letter] = dead_letters(client, LANE, 10)
    assert (letter.data, letter.why, letter.attempts, letter.deaths) == (b"killer", "poison", 1, 3)
    assert letter.error.startswith("taken 3 times and never settled")
    assert held(client, LANE) == []
    assert waiting(client, LANE) == waiting_suspects(client, LANE) == []
    assert counts(client, LANE) == {"entered": 1, "orphaned": 3, "dead": 1}


def test_the_neighbours_of_a_killer_are_taken_alone_and_handled(lanes: Lanes, client: redis.Redis) -> None:
    neighbours = [b"%d" % number for number in range(40)]
    lanes.push(LANE, [*neighbours[:20], b"killer", *neighbours[20:]])
    lanes.take(LANE, "a", 100)
    handled: list[bytes] = []
    for _ in range(10):
        _die(lanes)
        while taken := lanes.take_suspect(LANE, "a"):
            [entry] = taken
            if entry.data == b"killer":
                break  # it takes its process along, but nobody else
            assert entry.deaths == 1
            handled.append(entry.data)
            lanes.settle(LANE, [(entry.id, Completed())], suspect=True)
    assert sorted(handled) == sorted(neighbours)
    assert [(letter.data, letter.why) for letter in dead_letters(client, LANE, 9)] == [(b"killer", "poison")]


def test_deaths_before_a_completed_attempt_do_not_count(lanes: Lanes, client: redis.Redis) -> None:
    lanes.push(LANE, [b"innocent"])
    for attempts in range(5):
        [entry] = lanes.take(LANE, "a", 100)  # in a batch with something that kills
        assert entry.attempts == attempts
        _die(lanes)
        [entry] = lanes.take_suspect(LANE, "a")
        lanes.settle(LANE, [(entry.id, Rescheduled(0, "its handler failed, but nobody died"))], suspect=True)
        let_retries_wait(client, LANE, 1)
        lanes.run_maintenance([LANE])
    assert waiting(client, LANE) == [b"innocent"]
    assert dead(client, LANE) == []


def test_a_released_suspect_is_taken_alone_again(lanes: Lanes, client: redis.Redis) -> None:
    lanes.push(LANE, [b"1"])
    lanes.take(LANE, "a", 1)
    _die(lanes)
    [entry] = lanes.take_suspect(LANE, "a")
    lanes.settle(LANE, [(entry.id, Released())], suspect=True)
    assert lanes.take(LANE, "a", 10) == []
    [again] = lanes.take_suspect(LANE, "a")
    assert (again.data, again.deaths) == (b"1", 1)


def test_deaths_do_not_use_up_attempts_nor_attempts_deaths(lanes: Lanes, client: redis.Redis) -> None:
    lanes.push(LANE, [b"1"])
    [entry] = lanes.take(LANE, "a", 1)
    lanes.settle(LANE, [(entry.id, Rescheduled(0, "why"))])
    let_retries_wait(client, LANE, 1)
    lanes.run_maintenance([LANE])
    lanes.take(LANE, "a", 1)
    _die(lanes)
    [entry] = lanes.take_suspect(LANE, "a")
    assert (entry.attempts, entry.deaths) == (1, 1)


def test_one_maintenance_run_moves_a_bounded_number_of_suspects(lanes: Lanes, client: redis.Redis) -> None:
    entries = [b"%d" % number for number in range(2 * MAX_EXPIRED_LEASES + 50)]
    lanes.push(LANE, entries)
    lanes.take(LANE, "a", len(entries))
    let_leases_run_out(client, LANE)
    moved = [lanes.run_maintenance([LANE])[LANE].made_suspects for _ in range(4)]
    assert moved == [MAX_EXPIRED_LEASES, MAX_EXPIRED_LEASES, 50, 0]
    assert waiting_suspects(client, LANE) == entries


def test_an_expired_lease_is_found_behind_thousands_of_valid_ones(lanes: Lanes, client: redis.Redis) -> None:
    lanes.push(LANE, [b"alive"] * 2500)
    lanes.push(LANE, [b"dead"])
    alive = lanes.take(LANE, "a", 2500)
    lanes.take(LANE, "b", 1)
    let_leases_run_out(client, LANE)
    client.xclaim(f"sluice:lane:{LANE}", "workers", "a", 0, [entry.id for entry in alive], idle=0, justid=True)
    ticks = until(lambda: lanes.run_maintenance([LANE])[LANE].made_suspects and "found")
    assert ticks == "found"
    assert waiting_suspects(client, LANE) == [b"dead"]
    verdicts: list[tuple[bytes, Outcome]] = [(entry.id, Completed()) for entry in alive]
    assert lanes.settle(LANE, verdicts)[:3] == (2500, 0, 0)
