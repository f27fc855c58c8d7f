"""Collect values, metric by metric, for prometheus_client to render."""

from collections.abc import Iterator
from math import inf

from prometheus_client import Metric as Family
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.registry import Collector

from shared.observability.histogram import Histogram
from shared.observability.metrics import ALL, Kind, Metric


class MetricsCollector(Collector):
    """The values of one moment. A metric without values is left out."""

    def __init__(self) -> None:
        self._values: dict[str, list[tuple[tuple[str, ...], float | Histogram]]] = {}

    def add(self, metric: Metric, value: float | Histogram, *labels: str) -> None:
        """Add one value. `labels`: the values of the metric's labels, in the order of their declaration."""
        self._values.setdefault(metric.name, []).append((labels, value))

    def add_info(self, metric: Metric, *labels: str) -> None:
        """Add an info metric, which has labels only."""
        self.add(metric, 1, *labels)

    def collect(self) -> Iterator[Family]:
        """Yield the metrics in the order of their declaration (called by prometheus_client)."""
        return (_family(metric, self._values[metric.name]) for metric in ALL if metric.name in self._values)


def _family(metric: Metric, values: list[tuple[tuple[str, ...], float | Histogram]]) -> Family:
    family = _empty_family(metric)
    for labels, value in values:
        if len(labels) != len(metric.labels):
            raise ValueError(f"{metric.name} has the labels {metric.labels}, not {labels}")
        match family, value:
            case HistogramMetricFamily(), Histogram():
                family.add_metric(labels, [(_upper_bound(bound), count) for bound, count in value.buckets], value.sum)
            case InfoMetricFamily(), _:
                family.add_metric((), dict(zip(metric.labels, labels, strict=True)))
            case ((CounterMetricFamily() | GaugeMetricFamily()), (int() | float())):
                family.add_metric(labels, value)
            case _:
                raise TypeError(f"{value!r} is not a valid value of the {metric.kind} {metric.name}")
    return family


def _upper_bound(bound: float) -> str:
    return "+Inf" if bound == inf else str(bound)


def _empty_family(metric: Metric) -> Family:
    match metric.kind:
        case Kind.COUNTER:
            return CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
        case Kind.GAUGE:
            return GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
        case Kind.HISTOGRAM:
            return HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        case Kind.INFO:
            return InfoMetricFamily(metric.name.removesuffix("_info"), metric.help)
