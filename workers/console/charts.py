"""Small charts as SVG paths, drawn on the server. Pure."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from workers.operations.monitoring.sample import Sample

#: Size of the drawing; the page scales it.
WIDTH, HEIGHT = 240.0, 56.0
_BUCKETS = 120
_MIN_SECONDS = 60.0  # that a chart covers
#: Empty buckets within a line. In a short chart samples are further apart than buckets, so only every fourth has one.
_MAX_GAP = 6
_TOP_MARGIN = 4.0  # for the width of the line


class Chart(NamedTuple):
    """A line over up to an hour and the area below it, as SVG paths."""

    line: str
    area: str
    highest: float
    latest: float
    seconds: float  # covered


def draw_chart(samples: Sequence[Sample], value: Callable[[list[Sample]], float], max_seconds: float) -> Chart:
    """Draw the values of the samples' buckets; `value` computes that of one bucket.

    The chart starts at the first sample and covers at most `max_seconds`. The line is interrupted where there are no
    samples.
    """
    if not samples:
        return Chart("", "", 0.0, 0.0, max_seconds)
    end = samples[-1].at
    seconds = min(max((end - samples[0].at) / 1000, _MIN_SECONDS), max_seconds)
    buckets: list[list[Sample]] = [[] for _ in range(_BUCKETS)]
    for sample in samples:
        position = _BUCKETS - 1 - int((end - sample.at) / (seconds * 1000) * _BUCKETS)
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
    return Chart("".join(line), "".join(area), highest, values[-1] or 0.0, seconds)


def per_second(field: str) -> Callable[[list[Sample]], float]:
    """Return a function that computes the mean rate of a count, per second."""
    return lambda bucket: sum(getattr(sample, field) for sample in bucket) / sum(sample.span for sample in bucket)


def maximum(field: str, scale: float = 1.0) -> Callable[[list[Sample]], float]:
    """Return a function that computes the maximum of a measure, times `scale`."""
    return lambda bucket: max(getattr(sample, field) for sample in bucket) * scale


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """Return the known values with their positions, in one run as long as no gap between them is too large."""
    runs: list[list[tuple[int, float]]] = []
    for i, value in enumerate(values):
        if value is None:
            continue
        if runs and i - runs[-1][-1][0] <= _MAX_GAP:
            runs[-1].append((i, value))
        else:
            runs.append([(i, value)])
    return runs


def _x(bucket: float) -> float:
    return bucket / (_BUCKETS - 1) * WIDTH


def _y(value: float, highest: float) -> float:
    return HEIGHT - (HEIGHT - _TOP_MARGIN) * value / highest if highest > 0 else HEIGHT - 1
