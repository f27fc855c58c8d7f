"""The circuit breaker together with everything else: outages, pauses, a full Redis, replays, purges."""

from typing import Any

import pytest
import redis

from tests.support.lanes.breaking import (
    FAILED,
    HOUR,
    LANE,
    LAST,
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
from tests.support.lanes.looking import dead, look, woken
from workers.lanes import Completed, DeadLettered, Lanes, Released
from workers.lanes.client import DrainStart, pause_lane, resume_lane
from workers.lanes.dead_letter_queue import DeadLetterQueue
from workers.operations.purge import purge_lanes


@pytest.fixture
def lanes(client: redis.Redis) -> Lanes:
    return known(client)


def test_an_outage_ends_the_probe_and_the_next_one_starts_soon(lanes: Lanes, client: redis.Redis) -> None:
    open_breaker(lanes)
    begun = begin(lanes)
    taken = lanes.take(LANE, "a", 1)
    lanes.suspend(LANE, 2, probe=begun.probe)
    settle(lanes, taken, Released())
    assert 0 < hold_of(client) <= 2
    assert "probe" not in hash_of(client)
    assert hash_of(client)["interval"] == str(round(HOUR * 1000))
    client.delete(f"sluice:lane:{LANE}:hold")
    assert lanes.start_drain(LANE, None, "b").probe


def test_an_outage_seen_by_an_entry_in_flight_does_not_shorten_the_hold(lanes: Lanes, client: redis.Redis) -> None:
    open_breaker(lanes)
    lanes.suspend(LANE, 2)
    assert hold_of(client) > HOUR - 60
    lanes.suspend(LANE, 2 * HOUR)
    assert hold_of(client) > 2 * HOUR - 60


def test_a_paused_lane_is_not_probed_until_a_person_resumes_it(lanes: Lanes, client: redis.Redis) -> None:
    open_breaker(lanes)
    let_hold_end(client)
    lanes.run_maintenance([LANE])
    pause_lane(client, LANE)
    assert lanes.start_drain(LANE, None, "a").is_held
    resume_lane(client, LANE)
    assert lanes.start_drain(LANE, None, "a").probe


def test_the_breaker_works_in_a_full_redis(lanes: Lanes, client: redis.Redis) -> None:
    complete_one(lanes)
    taken = take(lanes, b"1", b"2", b"3")
    client.config_set("maxmemory", 1)
    assert settle(lanes, taken, FAILED).breaker.opened_after == 3
    for verdict in (FAILED, LAST):
        begun = _begin_when_full(lanes)
        entry, how = take_one(lanes, begun)
        settle(lanes, [entry], verdict, **how)
    assert hold_of(client) == pytest.approx(4 * HOUR, abs=60)
    lanes.settle(LANE, [], probe=_begin_when_full(lanes).probe)  # it found nothing
    assert hold_of(client) == 0
    begun = _begin_when_full(lanes)
    ended = settle(lanes, lanes.take(LANE, "a", 1), Completed(), probe=begun.probe)
    assert ended.breaker.closed_after_ms is not None


def _begin_when_full(lanes: Lanes) -> DrainStart:
    lanes.client.config_set("maxmemory", 0)
    let_hold_end(lanes.client)
    lanes.client.config_set("maxmemory", 1)
    lanes.run_maintenance([LANE])
    return lanes.start_drain(LANE, None, "a process that was never seen")


def test_entries_replayed_while_it_is_open_wait_and_count_as_new(lanes: Lanes, client: redis.Redis) -> None:
    complete_one(lanes)
    settle(lanes, take(lanes, b"letter"), LAST)
    found: Any = client.xrange(f"sluice:lane:{LANE}:dead")
    complete_one(lanes)
    open_breaker(lanes)
    no_wakeups(client)
    assert DeadLetterQueue(client).replay(LANE, [found[0][0].decode()]) == 1
    assert woken(client) == []
    assert (
        probe(lanes, Completed()).breaker.closed_after_ms is not None
    )  # the letter: it waited and the others were not due
    settle(lanes, lanes.take(LANE, "a", 10), FAILED)
    assert status(client) is not None


def test_replayed_dead_letters_that_fail_open_the_breaker_instead_of_dying_again(
    lanes: Lanes, client: redis.Redis
) -> None:
    complete_one(lanes)
    taken = take(lanes, *[b"%d" % number for number in range(9)])
    settle(lanes, [taken[0]], Completed())
    for entry in taken[1:]:
        lanes.settle(LANE, [(entry.id, DeadLettered("exhausted", "down"))])
    letters: Any = client.xrange(f"sluice:lane:{LANE}:dead")
    DeadLetterQueue(client).replay(LANE, [identity.decode() for identity, _ in letters])
    settle(lanes, lanes.take(LANE, "a", 100), LAST)
    assert status(client) is not None
    assert dead(client, LANE) == []


def test_a_lane_whose_entries_were_purged_is_probed_with_the_next_entry(lanes: Lanes, client: redis.Redis) -> None:
    events = [b'{"r":"r","at":1,"k":"919800000001-%d"}' % number for number in range(4)]
    open_breaker(lanes, *events[:3])
    probe(lanes, FAILED)
    gone = purge_lanes(client, "919800000001")
    assert (gone["waiting"], gone["retries"]) == (3, 0)  # one of them where the next probe looks
    assert look(client, LANE) == ([], [], [], [], [])
    client.delete(f"sluice:lane:{LANE}:hold")
    no_wakeups(client)
    lanes.push(LANE, events[3:])
    assert woken(client) == [LANE]
    assert probe(lanes, Completed()).breaker.closed_after_ms is not None
