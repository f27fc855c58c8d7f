"""The declarations of metrics keep to Prometheus' conventions, and the table for operators says what they say."""

import re

import pytest
from prometheus_client.core import Metric as Family

from shared.observability.metrics import ALL, Kind, Metric
from tests.support.programs import ROOT

_NAME = re.compile(r"sluice(_[a-z]+)+\Z")
_LABEL = re.compile(r"[a-z]+\Z")
#: What Prometheus adds itself: prometheus.io/docs/instrumenting/exposition_formats.
_RESERVED = {"le", "quantile", "job", "instance"}
_SUFFIXES = ("_bucket", "_count", "_sum", "_created")
#: Other than base units: prometheus.io/docs/practices/naming.
_UNITS = {"ms", "milliseconds", "us", "minutes", "hours", "kb", "kib", "mb", "mib", "kilobytes", "megabytes", "percent"}
every = pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)


@every
def test_names_and_labels_are_as_prometheus_wants_them(metric: Metric) -> None:
    assert _NAME.match(metric.name)
    assert not metric.name.endswith(_SUFFIXES)
    assert not _UNITS & set(metric.name.split("_"))
    assert all(_LABEL.match(label) for label in metric.labels)
    assert not _RESERVED & set(metric.labels)
    assert len(set(metric.labels)) == len(metric.labels)
    Family(metric.name, metric.help, metric.kind)  # the library's own check


@every
def test_a_name_ends_as_its_kind_does(metric: Metric) -> None:
    assert metric.name.endswith("_total") == (metric.kind == Kind.COUNTER)
    assert metric.name.endswith("_info") == (metric.kind == Kind.INFO)
    if "age" in metric.name.split("_") or "duration" in metric.name.split("_"):
        assert metric.name.endswith("_seconds")


@every
def test_each_is_described_in_one_line(metric: Metric) -> None:
    assert re.fullmatch(r"[A-Z][^\n|\\]{10,110}\.", metric.help)


@every
def test_histograms_and_they_alone_have_bounds_that_rise(metric: Metric) -> None:
    assert bool(metric.bounds) == (metric.kind == Kind.HISTOGRAM)
    assert list(metric.bounds) == sorted(set(metric.bounds))


def test_each_is_declared_once() -> None:
    assert len(ALL) > 50
    assert len({metric.name for metric in ALL}) == len(ALL)
    assert len({metric.help for metric in ALL}) == len(ALL)


def test_nobody_else_names_a_metric() -> None:
    quoted = re.compile(rf"[\"']({'|'.join(metric.name for metric in ALL)})[\"']")
    files = [file for package in ("ingress", "shared", "workers") for file in (ROOT / package).rglob("*.py")]
    assert [file.name for file in files if quoted.search(file.read_text())] == ["metrics.py"]


def test_the_table_for_operators_says_the_same() -> None:
    text = (ROOT / "docs" / "reference" / "metrics.md").read_text()
    assert [line for line in text.splitlines() if line.startswith("| `sluice_")] == [_row(metric) for metric in ALL]


def _row(metric: Metric) -> str:
    labels = " ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} |".replace("|  |", "| |")


def test_the_text_for_operators_names_no_metric_that_there_is_not() -> None:
    text = (ROOT / "docs" / "reference" / "metrics.md").read_text()
    named = {re.sub(r"_(bucket|sum|count)\Z", "", name) for name in re.findall(r"sluice_[a-z_]*[a-z]", text)}
    known = {metric.name for metric in ALL}
    assert {name for name in named if name not in known} == set()
