"""What stands in PromQL expressions: which metrics, and by which labels they are picked out."""

import re

from shared.observability.metrics import ALL, Kind, Metric

#: Metrics of others: Prometheus' own and the blackbox exporter's.
FOREIGN = {"ALERTS", "probe_success", "probe_ssl_earliest_cert_expiry"}
#: Labels that Prometheus gives to whatever it scrapes.
_GIVEN = {"job", "instance"}

_NAME = re.compile(r"\b(?:sluice_\w+|probe_\w+|ALERTS)\b")
_PICKED = re.compile(r"\b(sluice_\w+)\{([^}]*)\}")
_LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")


def names(expression: str) -> set[str]:
    """The series' names in it."""
    return set(_NAME.findall(expression))


def declared() -> dict[str, Metric]:
    """Every series' name that Sluice tells, and what it is of: a histogram is reported in three."""
    found = {}
    for metric in ALL:
        parts = ("_bucket", "_sum", "_count") if metric.kind is Kind.HISTOGRAM else ("",)
        found.update({metric.name + part: metric for part in parts})
    return found


def wrong_labels(expression: str) -> list[str]:
    """Labels that series are picked by and do not have."""
    known = declared()
    return [
        f"{name}{{{label}}}"
        for name, matchers in _PICKED.findall(expression)
        for label in _LABEL.findall(re.sub(r'"[^"]*"', '""', matchers))
        if label not in {*known[name].labels, *_GIVEN, *(["le"] if known[name].kind is Kind.HISTOGRAM else [])}
    ]
