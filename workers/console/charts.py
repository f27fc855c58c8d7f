"""Small charts as SVG paths, drawn on the server. Pure."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from workers.operations.monitoring.sample import Sample

#: Size of the drawing; the page stretches it.
WIDTH, HEIGHT = 240.0, 56.0
_BUCKETS = 120
_LEAST = 60.0  # seconds that a chart covers
_GAP = 6  # buckets
_TOP = 4.0  # room above the highest point, for its line


class Chart(NamedTuple):
    """A line over the last hour, and the area under it."""

    line: str
    area: str
    highest: float
    latest: float
    covers: float  # seconds


def chart(samples: Sequence[Sample], value: Callable[[list[Sample]], float], most_covered: float) -> Chart:
    """Up to so many seconds in buckets; `value` tells one bucket's from its samples. Where there are none the line is
    broken. What has not run for that long yet is drawn from its beginning.
    """
    if not samples:
        return Chart("", "", 0.0, 0.0, most_covered)
    end = samples[-1].at
    covers = min(max((end - samples[0].at) / 1000, _LEAST), most_covered)
    buckets: list[list[Sample]] = [[] for _ in range(_BUCKETS)]
    for sample in samples:
        position = _BUCKETS - 1 - int((end - sample.at) / (covers * 1000) * _BUCKETS)
        if position >= 0:
            buckets[position].append(sample)
    values = [value(bucket) if bucket else None for bucket in buckets]
    highest = max((known for known in values if known is not None), default=0.0)
    line, area = [], []
    for run in _runs(values):
        points = [f"{_x(i):.1f} {_y(known, highest):.1f}" for i, known in run]
        if len(points) == 1:
            points.append(f"{_x(run[0][0] + 0.6):.1f} {_y(run[0][1], highest):.1f}")
        line.append("M" + "L".join(points))
        area.append(f"M{_x(run[0][0]):.1f} {HEIGHT}L" + "L".join(points) + f"L{_x(run[-1][0]):.1f} {HEIGHT}Z")
    return Chart("".join(line), "".join(area), highest, values[-1] or 0.0, covers)


def rate(field: str) -> Callable[[list[Sample]], float]:
    """The mean of a count, a second."""
    return lambda bucket: sum(getattr(sample, field) for sample in bucket) / sum(sample.span for sample in bucket)


def max_rate(field: str, scale: float = 1.0) -> Callable[[list[Sample]], float]:
    """The highest of a measure."""
    return lambda bucket: max(getattr(sample, field) for sample in bucket) * scale


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """Neighbouring values that are known. Some buckets without a sample are no gap: in a short chart a look fills none
    but every fourth.
    """
    runs: list[list[tuple[int, float]]] = []
    for i, value in enumerate(values):
        if value is None:
            continue
        if runs and i - runs[-1][-1][0] <= _GAP:
            runs[-1].append((i, value))
        else:
            runs.append([(i, value)])
    return runs


def _x(bucket: float) -> float:
    return bucket / (_BUCKETS - 1) * WIDTH


def _y(value: float, highest: float) -> float:
    return HEIGHT - (HEIGHT - _TOP) * value / highest if highest > 0 else HEIGHT - 1
