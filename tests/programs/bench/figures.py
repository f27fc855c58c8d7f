"""What is made of raw rounds: medians, ratios, percentiles, verdicts. Pure."""

import math
import statistics
from collections.abc import Mapping, Sequence
from enum import StrEnum

from tests.programs.bench.targets import BY_NAME, Target

#: The guard fails below this share of what a target asks for: runs on shared machines differ, by less than that.
_GUARD = 0.5


class Verdict(StrEnum):
    """How a figure compares to its target."""

    AIM = "reaches the aim"
    REACHED = "reached"
    MISSED = "missed"
    BROKEN = "below half"  # of what is asked for: the guard fails


def ratio(over: Sequence[float], under: Sequence[float]) -> float:
    """The median of the ratios round by round: the two of a round met the same machine."""
    return statistics.median(a / b for a, b in zip(over, under, strict=True))


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that `percent` percent of the values do not exceed. Raises ValueError for no values."""
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, math.ceil(percent / 100 * len(values)) - 1)]


def score(target: Target, value: float) -> float:
    """How many times what is asked for: 1 is just reached, more is better."""
    if target.smaller_is_better:
        return target.at_least / value if value else math.inf
    return value / target.at_least


def judge(target: Target, value: float) -> Verdict:
    """Return the verdict on one figure. NaN counts as broken."""
    reached = score(target, value)
    if not reached >= _GUARD:  # also where it is not a number
        return Verdict.BROKEN
    if reached < 1:
        return Verdict.MISSED
    return Verdict.AIM if reached >= score(target, target.aim) else Verdict.REACHED


def broken(figures: Mapping[str, float]) -> list[str]:
    """The names of those that are guarded and below half of their targets."""
    found = {name: (BY_NAME[name], value) for name, value in figures.items()}
    return [
        name for name, (target, value) in found.items() if target.is_guarded and judge(target, value) is Verdict.BROKEN
    ]
