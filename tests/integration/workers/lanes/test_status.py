"""Lane statuses are exact, and reading them changes nothing."""

import pytest
import redis

from tests.support.lanes.looking import dead_letters, everything, let_leases_run_out, spec
from workers.lanes import Completed, DeadLettered, FollowUp, Lanes, Rescheduled
from workers.lanes.reader import LaneReader
from workers.lanes.status import LaneStatus, lane_statuses


def _status(client: redis.Redis, lane: str) -> LaneStatus:
    return next(status for status in lane_statuses(client) if status.lane == lane)


def test_an_empty_server_has_no_lanes(client: redis.Redis) -> None:
    assert lane_statuses(client) == []


def test_an_idle_lane(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("text.greet", "messages"), spec("intake", "intake")])
    assert [status.lane for status in lane_statuses(client)] == ["intake", "text.greet"]
    assert _status(client, "text.greet") == LaneStatus(
        lane="text.greet",
        queue="messages",
        waiting=0,
        in_flight=0,
        suspects=0,
        retries=0,
        dead=0,
        oldest_ms=None,
        next_retry_ms=None,
        held=False,
        counts={},
    )


def test_a_lane_with_entries_in_every_state(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("intake"), spec("text.greet")])
    lanes.push("intake", [b"%d" % number for number in range(20)])
    one, two, three, four, five = lanes.take("intake", "a", 5)
    following = (FollowUp(b"key", b"e", ("text.greet",)), FollowUp(b"key", b"e", ("text.greet",)))
    lanes.settle(
        "intake",
        [
            (one.id, Completed(following)),
            (two.id, Completed()),
            (three.id, Rescheduled(60, "why")),
            (four.id, DeadLettered("rejected", "no")),
        ],
    )
    let_leases_run_out(client, "intake")  # of the fifth
    lanes.run_maintenance(["intake"])
    lanes.take("intake", "a", 3)
    lanes.take_suspect("intake", "a")
    lanes.suspend("intake", 60)
    before = everything(client)
    status = _status(client, "intake")
    assert everything(client) == before
    assert (status.waiting, status.in_flight, status.suspects) == (12, 4, 1)
    assert (status.retries, status.dead, status.held) == (1, 1, True)
    assert status.next_retry_ms == pytest.approx(60_000, abs=2000)
    assert status.oldest_ms == pytest.approx(0, abs=5000)
    assert status.counts.pop("entered") == 20
    assert status.counts == {"done": 2, "added": 1, "duplicates": 1, "retry": 1, "dead": 1, "orphaned": 1}
    assert _status(client, "text.greet").waiting == 1
    assert five.data == b"4"


def test_the_age_of_the_oldest_entry_is_reported(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("intake")])
    now = client.time()[0] * 1000
    client.xadd("sluice:lane:intake", {"d": "old"}, id=f"{now - 3_600_000}-0")
    client.xadd("sluice:lane:intake:suspects", {"d": "new"})
    lanes.push("intake", [b"new"])
    assert _status(client, "intake").oldest_ms == pytest.approx(3_600_000, abs=5000)


def test_the_latest_dead_letters_come_first(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("intake")])
    lanes.push("intake", [b"1", b"2", b"3"])
    taken = lanes.take("intake", "a", 3)
    lanes.settle("intake", [(entry.id, DeadLettered("rejected", "no")) for entry in taken])
    assert [letter.data for letter in dead_letters(client, "intake", 2)] == [b"3", b"2"]
    newest = dead_letters(client, "intake", 1)[0]
    assert newest.at_ms == pytest.approx(client.time()[0] * 1000, abs=5000)
    assert LaneReader(client).dead_letter("intake", newest.id) == newest
    assert LaneReader(client).dead_letter("intake", "1-1") is None
