"""Histograms that are kept in a Redis hash, and only ever grow.

For each histogram NAME the hash has these fields:

    NAME:<bound>   the number of values above the previous bound and up to this one; the last bound is +Inf
    NAME:sum       the sum of the values, in millionths

They are not cumulative, unlike Prometheus's: a value is a single increment, and versions may have different bounds.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from math import inf
from typing import NamedTuple

_MILLION = 1_000_000


class HistogramCounter:
    """Counts values in memory. `bounds` are the buckets' upper bounds, ascending, without +Inf."""

    def __init__(self, name: str, bounds: Sequence[float]) -> None:
        self._name = name
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def record(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def fields(self) -> dict[str, int]:
        """Return the counts and the sum as fields of a hash, without empty buckets."""
        bounds = [*map("{:g}".format, self._bounds), "+Inf"]
        counts = {f"{self._name}:{bound}": count for bound, count in zip(bounds, self._counts, strict=True) if count}
        return counts | {f"{self._name}:sum": round(self._sum * _MILLION)} if counts else {}


class Histogram(NamedTuple):
    """A histogram as Prometheus has it: cumulative counts by upper bound, the last one infinite, and the sum."""

    buckets: list[tuple[float, int]]
    sum: float


def read(fields: Mapping[bytes, bytes], name: str, bounds: Sequence[float]) -> Histogram:
    """Return the histogram `name` from a hash.

    Values that another version counted under other bounds go into the next larger bucket.
    """
    prefix = f"{name}:".encode()
    own = {key.removeprefix(prefix): int(value) for key, value in fields.items() if key.startswith(prefix)}
    total = own.pop(b"sum", 0)
    counts = {float(bound): count for bound, count in own.items()}
    buckets = [(bound, sum(count for at, count in counts.items() if at <= bound)) for bound in (*bounds, inf)]
    return Histogram(buckets, total / _MILLION)
