"""The arithmetic of `make capacity`, with costs made up for it."""

import pytest

from tests.programs.capacity.model import COSTS, Load, Room, missing, reckon

_COSTS = {
    "ingress_cpu_us": 30.0,
    "worker_cpu_us": 50.0,
    "redis_cpu_us": 20.0,
    "database_cpu_us": 40.0,
    "rows_per_event": 2.5,
    "redis_entry_overhead_bytes": 100.0,
    "redis_claim_bytes": 128.0,
}
_LOAD = Load(1000, peak=2, payload_bytes=924, handler_ms=1, outage_seconds=600, dedupe_seconds=3600)


def _values(load: Load = _LOAD, room: Room = Room(busy=0.5, primary_gib=1)) -> dict[str, float]:  # noqa: B008
    return {line.what: line.value for line in reckon(load, _COSTS, room)}


def test_processes_are_counted_for_the_peak_and_rounded_up() -> None:
    values = _values()
    assert values["events at the peak"] == 2000
    assert values["ingress processes"] == 1  # 2000 x 30 µs = 0.06 of a core
    assert values["worker processes"] == 5  # 2000 x 1.05 ms = 2.1 cores, half of each used
    assert values["database cores"] == 1
    assert values["database rows"] == 5000


def test_handlers_that_take_no_time_leave_the_workers_their_own_cost() -> None:
    assert _values(_LOAD._replace(events_per_second=20_000, handler_ms=0))["worker processes"] == 4


def test_redis_holds_an_outage_at_the_peak_and_the_claims_of_the_average() -> None:
    values = _values()
    assert values["Redis memory for what waits"] == pytest.approx(2000 * 600 * 1024 / 1024**3)
    assert values["Redis memory for dedupe claims"] == pytest.approx(1000 * 3600 * 128 / 1024**3)


def test_primaries_follow_memory_where_that_needs_more() -> None:
    assert _values()["Redis primaries"] == 2  # 1.14 + 0.43 GiB


def test_primaries_follow_cpu_where_that_needs_more() -> None:
    # 100,000 x 20 µs = 2 cores, half of each used
    assert _values(_LOAD._replace(events_per_second=50_000), Room(0.5, 1000))["Redis primaries"] == 4


def test_every_line_shows_its_formula_with_the_numbers_put_in() -> None:
    lines = {line.what: line.formula for line in reckon(_LOAD, _COSTS, Room(0.5, 1))}
    assert lines["ingress processes"] == "2,000/s x 30.0 µs ÷ 0.5, rounded up"
    assert lines["Redis memory for what waits"] == "2,000/s x 600 s x (924 + 100) bytes"
    assert lines["Redis primaries"] == (
        "the greater of 1 by CPU (2,000/s x 20.0 µs ÷ 0.5) and 2 by memory (2 GiB ÷ 1 GiB)"
    )


@pytest.mark.parametrize("name", COSTS)
def test_a_cost_that_was_not_measured_is_named(name: str) -> None:
    assert missing({key: value for key, value in _COSTS.items() if key != name}) == [name]
    assert missing(_COSTS) == []
