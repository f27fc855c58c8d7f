"""The table of metrics, from `shared/observability/metrics.py`."""

from shared.observability.metrics import ALL, Metric

_HEAD = "| name | type | labels | meaning |\n| --- | --- | --- | --- |\n"


def table() -> str:
    """Return one row for each metric, in the order of their declaration."""
    return _HEAD + "\n".join(row(metric) for metric in ALL)


def row(metric: Metric) -> str:
    """Return a metric's row."""
    labels = " ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} |".replace("|  |", "| |")
