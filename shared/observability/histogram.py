"""How values spread over the buckets of a histogram, and how that is kept in Redis: it only ever grows.

A hash has, for each histogram NAME, the fields
  NAME:<bound>   how many values were above the bound before and at most this one; the last bound is +Inf
  NAME:sum       their sum, in millionths
Not cumulative, as Prometheus shows them: then a value is one increment, and bounds may change between versions.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from math import inf
from typing import NamedTuple

_MILLION = 1_000_000


class HistogramCounter:
    """Counts values. `bounds`: upper bounds of the buckets, ascending, +Inf aside."""

    def __init__(self, name: str, bounds: Sequence[float]) -> None:
        self._name = name
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def note(self, value: float) -> None:
        """One more value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def fields(self) -> dict[str, int]:
        """What of it is not zero, as fields of a hash."""
        bounds = [*map("{:g}".format, self._bounds), "+Inf"]
        found = {f"{self._name}:{bound}": count for bound, count in zip(bounds, self._counts, strict=True) if count}
        return found | {f"{self._name}:sum": round(self._sum * _MILLION)} if found else {}


class Histogram(NamedTuple):
    """As Prometheus shows it: cumulative buckets by upper bound, the last one infinite, and the sum."""

    buckets: list[tuple[float, int]]
    sum: float


def read(fields: Mapping[bytes, bytes], name: str, bounds: Sequence[float]) -> Histogram:
    """The histogram NAME of such a hash. Values counted under bounds of another version go where they fit."""
    prefix = f"{name}:".encode()
    own = {key.removeprefix(prefix): int(value) for key, value in fields.items() if key.startswith(prefix)}
    total = own.pop(b"sum", 0)
    counts = {float(bound): count for bound, count in own.items()}
    buckets = [(bound, sum(count for at, count in counts.items() if at <= bound)) for bound in (*bounds, inf)]
    return Histogram(buckets, total / _MILLION)
