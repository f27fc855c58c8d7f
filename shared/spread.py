"""How values spread over the buckets of a histogram, and how that is kept in Redis: it only ever grows.

A hash has, for each histogram NAME, the fields
  NAME:<bound>   how many values were above the bound before and at most this one; the last bound is +Inf
  NAME:sum       their sum, in millionths
Not cumulative, as Prometheus shows them: then a value is one increment, and bounds may change between versions.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

_MILLION = 1_000_000


class Spread:
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
        labels = [*map(label, self._bounds), "+Inf"]
        found = {f"{self._name}:{each}": count for each, count in zip(labels, self._counts, strict=True) if count}
        return found | {f"{self._name}:sum": round(self._sum * _MILLION)} if found else {}


class Histogram(NamedTuple):
    """As Prometheus shows it: cumulative buckets by upper bound, the last one +Inf, and the sum."""

    buckets: list[tuple[str, int]]
    sum: float


def read(fields: Mapping[bytes, bytes], name: str, bounds: Sequence[float]) -> Histogram:
    """The histogram NAME of such a hash. Values counted under bounds of another version go where they fit."""
    prefix = f"{name}:".encode()
    counts = {float(key[len(prefix) :]): int(count) for key, count in _counted(fields, prefix)}
    buckets = [(label(bound), sum(count for at, count in counts.items() if at <= bound)) for bound in bounds]
    return Histogram([*buckets, ("+Inf", sum(counts.values()))], int(fields.get(prefix + b"sum", 0)) / _MILLION)


def _counted(fields: Mapping[bytes, bytes], prefix: bytes) -> Iterable[tuple[bytes, bytes]]:
    return ((key, value) for key, value in fields.items() if key.startswith(prefix) and not key.endswith(b":sum"))


def label(bound: float) -> str:
    """A bound as it is written."""
    return f"{bound:g}"
