"""What every kind of lane work looks like to the drain that runs it."""

from collections.abc import Callable, Sequence
from typing import Protocol

from workers.lanes import Outcome, TakenEntry, TakeTimings

Outcomes = list[tuple[bytes, Outcome]]


class Step(Protocol):
    """Handles entries. One call has the entries of one take."""

    def run(self, entries: Sequence[TakenEntry], spent: Callable[[], bool], measures: TakeTimings) -> Outcomes:
        """One verdict an entry, in any order. Once `spent()` is true nothing more is begun: the rest goes back.
        `measures` is told when the webhooks of those that are done were received, and how long handlers took.

        Raises Unavailable where what it needs is down for every entry: then all of them go back.
        """
        ...
