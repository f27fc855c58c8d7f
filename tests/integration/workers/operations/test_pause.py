"""`sluice pause` and `sluice resume`."""

from tests.integration.workers.operations.conftest import Sluice
from workers.lanes import Lanes
from workers.lanes.status import lane_statuses


def wakeups(lanes: Lanes) -> int:
    return int(lanes.client.llen("sluice:queue:messages"))


def test_a_paused_lane_is_neither_woken_nor_drained_and_loses_nothing(lanes: Lanes, sluice: Sluice) -> None:
    assert sluice("pause", "text.greet") == {"lane": "text.greet", "paused": True}
    lanes.push("text.greet", [b"1", b"2"])
    lanes.run_maintenance(["text.greet"])
    assert wakeups(lanes) == 0
    assert lanes.start_drain("text.greet", None).is_held
    (found,) = [lane for lane in lane_statuses(lanes.client) if lane.lane == "text.greet"]
    assert (found.waiting, found.paused, found.held) == (2, True, True)


def test_other_lanes_are_not_affected(lanes: Lanes, sluice: Sluice) -> None:
    sluice("pause", "text.greet")
    lanes.push("text.store", [b"1"])
    assert wakeups(lanes) == 1
    assert not lanes.start_drain("text.store", None).is_held


def test_resuming_wakes_the_lane_at_once(lanes: Lanes, sluice: Sluice) -> None:
    sluice("pause", "text.greet")
    lanes.push("text.greet", [b"1"])
    assert sluice("resume", "text.greet") == {"lane": "text.greet", "paused": False, "was_paused": True}
    assert wakeups(lanes) == 1
    assert not lanes.start_drain("text.greet", None).is_held
    assert sluice("resume", "text.greet")["was_paused"] is False


def test_an_unknown_lane_is_refused(lanes: Lanes, sluice: Sluice) -> None:
    for command in ("pause", "resume"):
        assert "unknown lane text.gret" in sluice(command, "text.gret", fails=True)[1]


def test_status_shows_which_lanes_are_paused(lanes: Lanes, sluice: Sluice) -> None:
    sluice("pause", "text.greet")
    assert "text.greet (paused)" in sluice("status", plain=True)
