"""While the circuit breaker is open one entry is tried at a time; a success closes it."""

import pytest
import redis

from tests.support.lanes.breaking import (
    FAILED,
    HOUR,
    LANE,
    LAST,
    POLICY,
    attempts,
    begin,
    complete_one,
    hash_of,
    hold_of,
    known,
    let_hold_end,
    no_wakeups,
    open_breaker,
    probe,
    settle,
    status,
    take,
    take_one,
)
from tests.support.lanes.looking import dead, spec, waiting, waiting_suspects, wakeups, woken
from tests.support.waiting import until
from workers.lanes import Completed, DeadLettered, Lanes, Released, Rescheduled
from workers.lanes.client import DrainStart

LEASE = 60.0


@pytest.fixture
def lanes(client: redis.Redis) -> Lanes:
    return known(client, lease_ms=round(LEASE * 1000))


def test_one_of_the_drains_at_the_end_of_the_hold_is_the_probe(lanes: Lanes, client: redis.Redis) -> None:
    open_breaker(lanes)
    assert lanes.start_drain(LANE, None, "a").is_held
    first, *others = [begin(lanes), *[lanes.start_drain(LANE, None, name) for name in "bcd"]]
    assert first.probe
    assert not first.is_held
    assert [other.is_held for other in others] == [True] * 3
    assert hold_of(client) == pytest.approx(LEASE, abs=5)
    found = status(client)
    assert found is not None
    assert (found.tries, found.next_try_s) == (1, None)


def test_a_successful_probe_closes_the_breaker_and_wakes_the_lane(lanes: Lanes, client: redis.Redis) -> None:
    open_breaker(lanes, *[b"%d" % number for number in range(9)])
    client.hincrby(f"sluice:lane:{LANE}:breaker", "since", -90_000)
    begun = begin(lanes)
    no_wakeups(client)
    ended = settle(lanes, lanes.take(LANE, "a", 1), Completed(), probe=begun.probe)
    assert not ended.breaker.is_open
    assert ended.breaker.closed_after_ms == pytest.approx(90_000, abs=5000)
    assert hash_of(client) == {}
    assert hold_of(client) == 0
    assert woken(client) == [LANE] * 2  # 8 entries, 4 a wake-up
    assert lanes.start_drain(LANE, None) == (False, False, "")


def test_a_rejecting_probe_closes_the_breaker_too(lanes: Lanes, client: redis.Redis) -> None:
    open_breaker(lanes)
    assert probe(lanes, DeadLettered("rejected", "STOP")).breaker.closed_after_ms is not None
    assert hash_of(client) == {}


def test_a_failed_probe_doubles_the_hold_up_to_the_longest(lanes: Lanes, client: redis.Redis) -> None:
    open_breaker(lanes)
    for hours in (2, 4, 4, 4):
        assert probe(lanes, Rescheduled(1, f"failed for {hours} h", failed=True)).breaker == (True, 0, "", None)
        assert hold_of(client) == pytest.approx(hours * HOUR, abs=60)
        assert lanes.start_drain(LANE, None).is_held
        found = status(client)
        assert found is not None
        assert found.error == f"failed for {hours} h"
    assert hash_of(client)["tries"] == "4"


def test_probes_alternate_between_new_entries_and_the_first_one(lanes: Lanes, client: redis.Redis) -> None:
    open_breaker(lanes, b"1", b"2", b"3", b"4")
    tried: list[bytes] = []
    for _ in range(6):
        begun = begin(lanes)
        entry, how = take_one(lanes, begun)
        tried.append(entry.data)
        settle(lanes, [entry], FAILED, **how)
    assert tried == [b"1", b"1", b"2", b"1", b"3", b"1"]


def test_only_the_repeated_entry_uses_up_attempts_and_it_never_dies(lanes: Lanes, client: redis.Redis) -> None:
    open_breaker(lanes, b"1", b"2", b"3")
    for _ in range(3):
        probe(lanes, FAILED)
    assert waiting_suspects(client, LANE) == [b"1"]
    probe(lanes, LAST)  # it has used up its attempts: another one's turn
    assert waiting_suspects(client, LANE) == dead(client, LANE) == []
    let_hold_end(client)
    lanes.run_maintenance([LANE])
    assert attempts(client) == {b"1": 2, b"2": 0, b"3": 0}
    probe(lanes, LAST)
    let_hold_end(client)
    lanes.run_maintenance([LANE])
    assert attempts(client) == {b"1": 2, b"2": 0, b"3": 0}


def test_one_bad_entry_does_not_keep_the_breaker_open(lanes: Lanes, client: redis.Redis) -> None:
    open_breaker(lanes, b"bad", b"good", b"good")
    probe(lanes, FAILED)
    assert waiting_suspects(client, LANE) == [b"bad"]
    probe(lanes, FAILED)  # the bad one again
    assert probe(lanes, Completed()).breaker.closed_after_ms is not None


def test_after_closing_the_proven_attempt_is_that_of_the_probe(lanes: Lanes, client: redis.Redis) -> None:
    open_breaker(lanes, b"1", b"2", b"3", b"4", b"5")
    probe(lanes, FAILED)
    probe(lanes, Completed())  # "1", at its second attempt
    assert hash_of(client) == {"proven": "2"}
    settle(lanes, take(lanes, b"6", b"7", b"8"), FAILED)
    assert status(client) is None


def test_a_suspect_can_be_the_probe_and_is_taken_alone(lanes: Lanes, client: redis.Redis) -> None:
    open_breaker(lanes)
    held = take(lanes, b"4", b"5")
    lanes.run_maintenance([LANE], ["a"])
    assert waiting_suspects(client, LANE) == [entry.data for entry in held]
    for _ in range(4):
        probe(lanes, FAILED)
    assert len(waiting_suspects(client, LANE)) <= 1  # they are tried in turn with the others, and wait among these
    assert probe(lanes, Completed()).breaker.closed_after_ms is not None


def test_a_probe_without_a_result_lets_the_next_one_start_at_once(lanes: Lanes, client: redis.Redis) -> None:
    open_breaker(lanes)
    for verdict in (DeadLettered("undecodable", "no entry"), Rescheduled(60, "in a minute, please"), Released()):
        no_wakeups(client)
        assert probe(lanes, verdict).breaker.is_open
        assert hold_of(client) == 0
        assert woken(client) == [LANE]
    assert hash_of(client)["interval"] == str(round(HOUR * 1000))


def test_a_probe_that_finds_no_entry_ends(lanes: Lanes, client: redis.Redis) -> None:
    open_breaker(lanes)
    begun = begin(lanes)
    assert len(lanes.take(LANE, "b", 10)) == 3  # a drain that had begun before it opened
    lanes.settle(LANE, [], probe=begun.probe)
    assert hold_of(client) == 0
    assert "probe" not in hash_of(client)


def test_without_an_entry_to_try_no_drain_is_the_probe(lanes: Lanes, client: redis.Redis) -> None:
    open_breaker(lanes)
    client.delete(f"sluice:lane:{LANE}:hold")
    assert lanes.start_drain(LANE, None, "a") == (True, False, "")  # all wait for their time
    assert hash_of(client)["tries"] == "0"
    lanes.push(LANE, [b"new"])
    assert lanes.start_drain(LANE, None, "a").probe


def test_the_lane_is_woken_when_the_hold_ends_even_if_all_entries_were_retries(
    lanes: Lanes, client: redis.Redis
) -> None:
    open_breaker(lanes)
    no_wakeups(client)
    lanes.run_maintenance([LANE])
    assert woken(client) == []
    let_hold_end(client)
    assert lanes.run_maintenance([LANE])[LANE][:4] == (3, 0, 0, 1)
    assert woken(client) == [LANE]


def test_one_wakeup_is_sent_when_the_hold_ends_however_large_the_backlog(lanes: Lanes, client: redis.Redis) -> None:
    open_breaker(lanes, *[b"%d" % number for number in range(20)])
    let_hold_end(client)
    no_wakeups(client)
    assert lanes.run_maintenance([LANE])[LANE].wakeups_sent == 1
    assert lanes.run_maintenance([LANE])[LANE].wakeups_sent == 0
    lanes.push(LANE, [b"new"])
    assert woken(client) == [LANE]


def test_a_drain_that_repeats_its_start_is_still_the_probe(lanes: Lanes, client: redis.Redis) -> None:
    open_breaker(lanes)
    let_hold_end(client)
    no_wakeups(client)
    lanes.run_maintenance([LANE])
    [message] = wakeups(client)
    wakeup = message["headers"]["id"]
    first = lanes.start_drain(LANE, wakeup, "a")
    assert lanes.start_drain(LANE, wakeup, "a") == first  # the connection broke before the answer came
    assert lanes.start_drain(LANE, "another", "b").is_held
    assert lanes.start_drain(LANE, None, "b").is_held
    settle(lanes, lanes.take(LANE, "a", 1), FAILED, probe=first.probe)
    assert lanes.start_drain(LANE, wakeup, "a").is_held


def test_a_hold_expires(client: redis.Redis) -> None:
    lanes = Lanes(client, breaker=POLICY._replace(first_hold=0.02, max_hold=0.05))
    lanes.register([spec(LANE)])
    complete_one(lanes)
    settle(lanes, take(lanes, b"1", b"2", b"3"), Rescheduled(0, "down", failed=True))
    for _ in range(3):
        begun = until(lambda: _probe_if_any(lanes))
        assert begun is not None
        entry, how = take_one(lanes, begun)
        settle(lanes, [entry], Rescheduled(0, "down", failed=True), **how)
    assert hash_of(client)["interval"] == "50"


def _probe_if_any(lanes: Lanes) -> DrainStart | None:
    lanes.run_maintenance([LANE])
    begun = lanes.start_drain(LANE, None, "a")
    return begun if begun.probe else None


def test_a_dead_probe_blocks_others_for_at_most_the_lease(lanes: Lanes, client: redis.Redis) -> None:
    open_breaker(lanes)
    lost = begin(lanes)
    assert hold_of(client) <= LEASE
    client.delete(f"sluice:lane:{LANE}:hold")  # what the end of the lease does
    another = lanes.start_drain(LANE, None, "b")
    assert another.probe
    assert another.probe != lost.probe
    [mine] = lanes.take(LANE, "b", 1)
    [late] = lanes.take(LANE, "a", 1)
    settle(lanes, [late], FAILED, probe=lost.probe)  # it was only slow: its verdict counts no more
    settle(lanes, [], FAILED, probe=lost.probe)
    assert hash_of(client)["probe"] == another.probe
    assert hold_of(client) == pytest.approx(LEASE, abs=5)
    assert settle(lanes, [mine], Completed(), probe=another.probe).breaker.closed_after_ms is not None


def test_a_probe_whose_process_is_known_to_be_dead_is_replaced_at_once(lanes: Lanes, client: redis.Redis) -> None:
    open_breaker(lanes)
    begin(lanes, "dead")
    lanes.run_maintenance([LANE], ["another"])
    assert lanes.start_drain(LANE, None, "b").is_held
    no_wakeups(client)
    lanes.run_maintenance([LANE], ["dead"])
    assert woken(client) == [LANE]
    assert lanes.start_drain(LANE, None, "b").probe


def test_the_death_of_a_process_whose_probe_has_ended_ends_no_hold(lanes: Lanes, client: redis.Redis) -> None:
    open_breaker(lanes)
    probe(lanes, FAILED)  # by "a"
    lanes.run_maintenance([LANE], ["a"])
    assert hold_of(client) == pytest.approx(2 * HOUR, abs=60)


def test_settling_a_probe_twice_has_no_further_effect(lanes: Lanes, client: redis.Redis) -> None:
    open_breaker(lanes)
    begun = begin(lanes)
    taken = lanes.take(LANE, "a", 1)
    settle(lanes, taken, FAILED, probe=begun.probe)
    before = hash_of(client)
    assert settle(lanes, taken, FAILED, probe=begun.probe)[:3] == (0, 0, 0)
    assert (hash_of(client), hold_of(client) > HOUR) == (before, True)


def test_a_probe_whose_entry_is_purged_has_no_result(lanes: Lanes, client: redis.Redis) -> None:
    open_breaker(lanes)
    begun = begin(lanes)
    [entry] = lanes.take(LANE, "a", 1)
    client.xdel(f"sluice:lane:{LANE}", entry.id)
    assert settle(lanes, [entry], FAILED, probe=begun.probe).breaker.is_open
    assert hold_of(client) == 0
    assert len(waiting(client, LANE)) == 2
