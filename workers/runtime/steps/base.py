"""The interfaces between a drain and the work of its lane, and how parts of that work are wrapped."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeVar

from workers.lanes import Outcome, TakenEntry, TakeTimings
from workers.lanes.circuit_breaker import BreakerChange
from workers.lanes.client import Settled

#: Outcomes by entry id, in any order.
Outcomes = list[tuple[bytes, Outcome]]
_Part = TypeVar("_Part")


class Step(Protocol):
    """What is done with the entries of a lane. A step has no side effects on its lane: the drain settles it."""

    def run(self, entries: Sequence[TakenEntry], out_of_time: Callable[[], bool], timings: TakeTimings) -> Outcomes:
        """Process the entries of one take and return an outcome for each.

        Once `out_of_time()` is true no further entry is begun: the rest are `Released`. `timings` collects the time of
        receipt of what is completed, and the seconds of each handler call. Raises Unavailable if what the step needs is
        down for every entry: the drain then releases all of them.
        """
        ...


class Take(NamedTuple):
    """Entries that a drain took together."""

    entries: Sequence[TakenEntry]
    suspect: bool = False  # a single entry whose last holder died
    probe: str = ""  # name of the circuit breaker's probe that this take is


class SettledTake(NamedTuple):
    """What became of a take."""

    lane: str
    entries: Sequence[TakenEntry]
    outcomes: Outcomes
    breaker: BreakerChange = BreakerChange(is_open=False)


#: Settles a take, and its timings with it. Raises RedisError.
Settle = Callable[[Take, Outcomes, TakeTimings], Settled]
#: Is called after each take that was settled. Must not raise.
Observer = Callable[[SettledTake], None]


def compose(part: _Part, *wrappers: Callable[[_Part], _Part]) -> _Part:
    """Wrap `part` in the wrappers. The first wrapper becomes the outermost one."""
    for wrap in reversed(wrappers):
        part = wrap(part)
    return part
