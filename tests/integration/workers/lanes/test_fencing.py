"""If two workers hold an entry only the first settle counts; the other has no effect at all."""

import pytest
import redis

from tests.support.lanes.looking import everything, held, let_leases_run_out, retrying, spec, waiting, waiting_suspects
from tests.support.waiting import until
from workers.lanes import Completed, DeadLettered, FollowUp, Lanes, Outcome, Released, Rescheduled, TakenEntry

EVERY_VERDICT: list[Outcome] = [
    Completed(),
    Completed((FollowUp(b"late", b"late", ("text.a",)), FollowUp(b"", b"late", ("text.a",)))),
    Rescheduled(0, "late"),
    DeadLettered("rejected", "late"),
    Released(),
]
OWN = Completed((FollowUp(b"own", b"own", ("text.a",)),))


@pytest.fixture(autouse=True)
def _known(lanes: Lanes) -> None:
    lanes.register([spec("intake"), spec("text.a")])


def _pause(lanes: Lanes, *data: bytes) -> list[TakenEntry]:
    """Entries whose taker is paused for longer than its lease."""
    lanes.push("intake", data)
    taken = lanes.take("intake", "a", len(data))
    let_leases_run_out(lanes.client, "intake")
    return taken


@pytest.mark.parametrize("late", EVERY_VERDICT, ids=str)
def test_a_paused_worker_cannot_settle_what_another_has_taken(lanes: Lanes, client: redis.Redis, late: Outcome) -> None:
    [paused] = _pause(lanes, b"1")
    assert lanes.run_maintenance(["intake"])["intake"].made_suspects == 1
    [taken_over] = lanes.take_suspect("intake", "b")
    before = everything(client)
    assert lanes.settle("intake", [(paused.id, late)])[:3] == (0, 0, 0)
    assert everything(client) == before
    assert lanes.settle("intake", [(taken_over.id, OWN)], suspect=True)[:3] == (1, 1, 0)
    assert waiting(client, "text.a") == [b"own"]


@pytest.mark.parametrize("late", EVERY_VERDICT, ids=str)
def test_a_paused_worker_cannot_settle_what_another_has_settled(
    lanes: Lanes, client: redis.Redis, late: Outcome
) -> None:
    [paused] = _pause(lanes, b"1")
    lanes.run_maintenance(["intake"])
    [taken_over] = lanes.take_suspect("intake", "b")
    assert lanes.settle("intake", [(taken_over.id, OWN)], suspect=True)[:3] == (1, 1, 0)
    before = everything(client)
    assert lanes.settle("intake", [(paused.id, late)])[:3] == (0, 0, 0)
    assert everything(client) == before


@pytest.mark.parametrize("late", EVERY_VERDICT, ids=str)
def test_a_paused_worker_cannot_settle_a_suspect_that_was_taken_over(
    lanes: Lanes, client: redis.Redis, late: Outcome
) -> None:
    _pause(lanes, b"1")
    lanes.run_maintenance(["intake"])
    [paused] = lanes.take_suspect("intake", "b")
    let_leases_run_out(client, "intake")
    lanes.run_maintenance(["intake"])
    [taken_over] = lanes.take_suspect("intake", "c")
    before = everything(client)
    assert lanes.settle("intake", [(paused.id, late)], suspect=True)[:3] == (0, 0, 0)
    assert everything(client) == before
    assert lanes.settle("intake", [(taken_over.id, Completed())], suspect=True)[:3] == (1, 0, 0)


def test_a_paused_worker_that_returns_before_a_takeover_can_still_settle(lanes: Lanes, client: redis.Redis) -> None:
    [paused] = _pause(lanes, b"1")
    assert lanes.settle("intake", [(paused.id, OWN)])[:3] == (1, 1, 0)
    assert lanes.run_maintenance(["intake"])["intake"].made_suspects == 0
    assert waiting_suspects(client, "intake") == []
    assert waiting(client, "text.a") == [b"own"]


def test_only_the_lost_entries_of_a_batch_are_fenced(lanes: Lanes, client: redis.Redis) -> None:
    [lost] = _pause(lanes, b"1")
    lanes.push("intake", [b"2", b"3"])
    two, three = lanes.take("intake", "a", 2)
    lanes.run_maintenance(["intake"])
    verdicts: list[tuple[bytes, Outcome]] = [
        (two.id, Rescheduled(60, "later")),
        (lost.id, Completed((FollowUp(b"", b"late", ("text.a",)),))),
        (three.id, OWN),
    ]
    assert lanes.settle("intake", verdicts)[:3] == (2, 1, 0)
    assert waiting(client, "text.a") == [b"own"]
    assert retrying(client, "intake") == [b"2"]
    assert waiting_suspects(client, "intake") == [b"1"]


def test_a_late_settle_claims_no_dedupe_key(lanes: Lanes, client: redis.Redis) -> None:
    [paused] = _pause(lanes, b"1")
    lanes.run_maintenance(["intake"])
    lanes.settle("intake", [(paused.id, OWN)])
    [taken_over] = lanes.take_suspect("intake", "b")
    assert lanes.settle("intake", [(taken_over.id, OWN)], suspect=True)[:3] == (1, 1, 0)
    assert waiting(client, "text.a") == [b"own"]


def test_a_lease_is_as_long_as_the_lane_says(lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([spec("quick", lease_ms=1), spec("slow", lease_ms=60_000)])
    for lane in ("quick", "slow"):
        lanes.push(lane, [b"1"])
        lanes.take(lane, "a", 1)
    until(lambda: lanes.run_maintenance(["quick"])["quick"].made_suspects)
    assert waiting_suspects(client, "quick") == [b"1"]
    assert lanes.run_maintenance(["slow"])["slow"].made_suspects == 0
    assert held(client, "slow") == [b"1"]
