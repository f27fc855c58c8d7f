"""What is drained next, in what portions, and when: tables."""

import pytest

from ingress.spool import drain_policy
from tests.support.spool.pieces import INTAKE, LANES, LARGE, STATUSES


@pytest.mark.parametrize(
    ("left", "open_lanes", "strand"),
    [
        ([], set(), None),
        ([set()], set(), None),
        ([{STATUSES}], set(), (0, STATUSES)),
        ([{STATUSES}, {STATUSES, INTAKE}], set(), (1, INTAKE)),
        ([{STATUSES}, {LARGE}], set(), (1, LARGE)),
        ([set(), {STATUSES}, {STATUSES}], set(), (1, STATUSES)),
        ([{"zebra", "apple"}, {STATUSES}], set(), (1, STATUSES)),
        ([{"zebra", "apple"}], set(), (0, "apple")),
        ([{INTAKE}, {STATUSES}], {INTAKE}, (1, STATUSES)),
        ([{INTAKE, STATUSES}], {INTAKE, STATUSES}, None),
        ([{INTAKE}], {STATUSES}, (0, INTAKE)),
    ],
)
def test_the_next_strand_goes_by_lane_then_by_age_and_past_open_lanes(
    left: list[set[str]], open_lanes: set[str], strand: tuple[int, str] | None
) -> None:
    assert drain_policy.next_drain_target(left, open_lanes, LANES) == strand


@pytest.mark.parametrize(
    ("written", "left", "open_lanes", "rotate"),
    [
        (set(), [], set(), False),
        ({INTAKE}, [], set(), True),
        ({INTAKE}, [set()], set(), True),
        ({INTAKE}, [], {INTAKE}, True),  # for the probe
        ({INTAKE}, [{INTAKE}], {INTAKE}, False),  # there is something to probe with
        ({INTAKE}, [{INTAKE}], set(), False),  # the older one goes first
        ({INTAKE}, [{STATUSES}], {STATUSES}, True),  # intake need not wait for statuses
        ({STATUSES}, [{STATUSES}], {STATUSES}, False),
        ({INTAKE, STATUSES}, [{STATUSES}], {STATUSES, INTAKE}, False),
    ],
)
def test_the_segment_being_written_is_ended_only_where_that_brings_something_to_push(
    written: set[str], left: list[set[str]], open_lanes: set[str], rotate: bool
) -> None:
    assert drain_policy.should_rotate(written, left, open_lanes) is rotate


def test_portions_are_halved_by_failures_down_to_one_and_doubled_by_successes() -> None:
    portions = drain_policy.DrainBatchSize(500)
    seen = []
    for _ in range(10):
        seen.append(portions.size("a"))
        portions.failed("a")
    assert seen == [500, 250, 125, 62, 31, 15, 7, 3, 1, 1]
    portions.succeeded("a")
    assert portions.size("a") == 2
    for _ in range(9):
        portions.succeeded("a")
    assert portions.size("a") == 500
    assert portions.size("b") == 500


def test_the_pace_waits_as_long_as_the_records_are_worth() -> None:
    pace = drain_policy.RateLimiter(100.0)
    assert pace.wait(5.0) == 0.0
    pace.started(50, 5.0)
    assert pace.wait(5.0) == pytest.approx(0.5)
    assert pace.wait(5.4) == pytest.approx(0.1)
    assert pace.wait(9.0) == 0.0


def test_time_in_which_nothing_was_pushed_is_not_made_up_for() -> None:
    pace = drain_policy.RateLimiter(100.0)
    pace.started(100, 0.0)
    pace.started(100, 50.0)
    assert pace.wait(50.0) == pytest.approx(1.0)


@pytest.mark.parametrize(("rate", "portion"), [(5000.0, 500), (500.0, 500), (20.0, 20), (0.1, 1)])
def test_a_low_rate_means_small_portions(rate: float, portion: int) -> None:
    assert drain_policy.RateLimiter(rate).max_batch == portion


def test_a_rate_is_above_zero() -> None:
    with pytest.raises(ValueError, match="greater than zero"):
        drain_policy.RateLimiter(0.0)
