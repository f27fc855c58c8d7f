"""When a push is tried: tables of what happens, and what the breakers say then."""

import math

import pytest

from ingress.spool.circuit_breaker import LaneCircuitBreakers

#: (seconds, what happens, is the push to `a` tried, lane to be probed, seconds until a probe)
_Row = tuple[float, str, bool, str | None, float]
_ROWS: dict[str, list[_Row]] = {
    "closed at first, and while pushes succeed": [(0, "", True, None, math.inf), (1, "+a", True, None, math.inf)],
    "open from the first failure, and probed once a second": [
        (0.0, "-a", False, None, 1.0),
        (0.4, "", False, None, 0.6),
        (1.0, "", False, "a", 0.0),
        (1.0, "-a", False, None, 1.0),
        (1.9, "", False, None, 0.1),
        (2.0, "", False, "a", 0.0),
        (2.0, "+a", True, None, math.inf),
    ],
    "a late success closes it before its time": [(0.0, "-a", False, None, 1.0), (0.5, "+a", True, None, math.inf)],
    "one lane's failure is not another's": [(0.0, "-b", True, None, 1.0), (1.0, "", True, "b", 0.0)],
    "open lanes take turns, one per second": [
        (0.0, "-a", False, None, 1.0),
        (0.1, "-b", False, None, 1.0),
        (1.1, "", False, "a", 0.0),
        (1.1, "-a", False, None, 1.0),
        (2.1, "", False, "b", 0.0),
        (2.1, "-b", False, None, 1.0),
        (3.1, "", False, "a", 0.0),
    ],
    "after a success the next lane is probed at once": [
        (0.0, "-a", False, None, 1.0),
        (0.1, "-b", False, None, 1.0),
        (1.2, "+a", True, "b", 0.0),
        (1.2, "+b", True, None, math.inf),
    ],
}


@pytest.mark.parametrize("rows", _ROWS.values(), ids=_ROWS.keys())
def test_breakers(rows: list[_Row]) -> None:
    now = 0.0
    breakers = LaneCircuitBreakers(lambda: now)
    for seconds, event, allowed, due, wait in rows:
        now = seconds
        if event:
            (breakers.succeeded if event[0] == "+" else breakers.failed)(event[1:])
        assert (breakers.allows("a"), breakers.due()) == (allowed, due)
        assert breakers.wait() == pytest.approx(wait)


def test_the_open_lanes_are_named() -> None:
    breakers = LaneCircuitBreakers(lambda: 0.0)
    breakers.failed("b")
    breakers.failed("a")
    assert breakers.open_lanes == {"a", "b"}
