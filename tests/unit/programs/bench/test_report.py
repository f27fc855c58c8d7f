"""The report: to JSON and back, as tables, as a chart."""

import math
from xml.etree import ElementTree

import pytest
from rich.console import Console

from tests.programs.bench import chart, table
from tests.programs.bench.report import Entry, Measured, Report, Series, from_json, to_json
from tests.programs.bench.servers import BARE, SLUICE
from tests.programs.bench.targets import TARGETS

_SVG = "{http://www.w3.org/2000/svg}"


def _entry(*series: Series, **figures: float) -> Entry:
    measured = Measured("a title", series, figures, {"cost": 1.5}, "a note")
    return Entry(measured, "2026-01-31 12:00 UTC", False, 2.0, {"python": "3.11"})


_RATES = (Series(BARE, "webhooks/s", (100.0, 200.0, 300.0)), Series(SLUICE, "webhooks/s", (50.0, 50.0, 60.0)))
_REPORT = Report({"rate": _entry(*_RATES, **{"ingress-of-bare": 0.25})}, {"latency": "it needs a C compiler"})


def test_a_report_survives_json() -> None:
    assert from_json(to_json(_REPORT)) == _REPORT


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"version": 1}', '{"version": 1, "measurements": {"rate": {}}}'])
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"report|JSON|Expecting"):
        from_json(text)


def test_a_part_that_is_measured_again_replaces_its_older_self_only() -> None:
    idle = _entry(**{"idle-p50": 7.0})
    report = _REPORT.with_entry("idle", idle).with_entry("rate", _entry(**{"ingress-of-bare": 0.7}))
    assert report.figures == {"ingress-of-bare": 0.7, "idle-p50": 7.0}
    assert report.with_entry("latency", idle).left_out == {}


def test_what_a_figure_comes_from_can_be_measured_again() -> None:
    report = _REPORT.with_entry("idle", _entry(**{"idle-p50": 7.0, "idle-p99": 9.0}))
    assert report.sources(["idle-p99"]) == ["idle"]
    assert report.sources(["ingress-of-bare", "idle-p50"]) == ["rate", "idle"]
    assert report.sources([]) == []


def test_what_is_left_out_takes_its_old_figures_away() -> None:
    report = _REPORT.without("rate", "it needs wrk")
    assert report.figures == {}
    assert report.left_out["rate"] == "it needs wrk"


def _printed(report: Report) -> str:
    console = Console(width=160, record=True, file=None, quiet=True)
    with console.capture() as captured:
        quiet, console.quiet = console.quiet, False
        console.print(table.medians(report.entries["rate"]), table.figures(report))
        console.quiet = quiet
    return captured.get()


def test_the_table_shows_medians_ratios_verdicts_and_what_is_left_out() -> None:
    printed = _printed(_REPORT)
    assert "200 webhooks/s  0.25 x" in " ".join(printed.split()).replace(" 0.25 x", "  0.25 x")
    assert "below half" in printed
    assert "it needs a C compiler" in printed


def test_markdown_has_a_row_a_figure_and_a_row_a_contender() -> None:
    text = table.markdown(_REPORT)
    assert "| 0.25 | ≥ 0.6 | 0.8 |" in text
    assert f"| {BARE} | 200 webhooks/s | 0.25 x |" in text
    assert f"| {SLUICE} | 50 webhooks/s |  |" in text


@pytest.mark.parametrize(("value", "text"), [(12345.6, "12,346"), (99.96, "100"), (12.34, "12.3"), (0.605, "0.60")])
def test_numbers_are_short(value: float, text: str) -> None:
    assert table.number(value) == text


def _full() -> Report:
    values = {target.name: target.at_least for target in TARGETS}
    return Report({"all": _entry(**values)})


def test_the_chart_is_an_image_with_words_for_those_who_do_not_see_it() -> None:
    root = ElementTree.fromstring(chart.svg(_full()))
    assert root.get("role") == "img"
    named = {element.get("id"): element.text or "" for element in root if element.get("id")}
    assert set((root.get("aria-labelledby") or "").split()) == set(named)
    assert all(target.what in named["desc"] for target in TARGETS)


def test_the_chart_is_readable_in_light_and_dark() -> None:
    style = ElementTree.fromstring(chart.svg(_full())).find(f"{_SVG}style")
    assert style is not None
    assert "prefers-color-scheme: dark" in (style.text or "")


def test_what_is_just_reached_ends_in_the_middle_of_the_chart() -> None:
    bars = ElementTree.fromstring(chart.svg(_full())).findall(f"{_SVG}rect")
    ends = {round(float(bar.get("x", 0)) + float(bar.get("width", 0)), 1) for bar in bars}
    assert len(bars) == len(TARGETS)
    assert ends == {chart.position(1)}


def test_the_scale_goes_up_by_doublings_and_ends() -> None:
    assert chart.position(2) - chart.position(1) == pytest.approx(chart.position(4) - chart.position(2))
    assert chart.position(1000) == chart.position(8) == chart.position(math.inf)
    assert chart.position(8) - chart.position(1 / 8) == chart.SCALE
    assert chart.position(0) == chart.position(1 / 8) == chart.position(0.001)


def test_a_report_without_figures_has_a_chart_all_the_same() -> None:
    assert "nothing was measured" in chart.svg(Report({}))
