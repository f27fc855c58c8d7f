"""A report as tables: for a terminal, and in Markdown for the README."""

from collections.abc import Iterator
from statistics import median

from rich.console import Group
from rich.table import Table
from rich.text import Text

from tests.programs.bench.figures import Verdict, judge, ratio
from tests.programs.bench.report import Entry, Report, Series
from tests.programs.bench.servers import SLUICE
from tests.programs.bench.targets import TARGETS, Target

_STYLES = {Verdict.AIM: "bold green", Verdict.REACHED: "green", Verdict.MISSED: "yellow", Verdict.BROKEN: "bold red"}


def number(value: float) -> str:
    """Three digits that count, and all before the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 10 else f"{value:.2f}"


def asked(target: Target) -> tuple[str, str]:
    """What is asked for and what is aimed at, with the sign that tells which way."""
    sign = "≤" if target.smaller_is_better else "≥"
    return f"{sign} {target.at_least:g}", f"{target.aim:g}"


def medians(entry: Entry) -> Table:
    """One measurement: each contender's median, and how Sluice compares."""
    table = Table(entry.measured.title, "median", "", "Sluice is", box=None, pad_edge=False)
    for series, times in _compared(entry):
        table.add_row(f"  {series.name}", number(median(series.values)), series.unit, times)
    if entry.measured.note:
        table.add_row(f"  ({entry.measured.note})")
    return table


def figures(report: Report) -> Group:
    """All figures beside their targets, and what is missing."""
    table = Table("what is asked for", "is", "", "at least", "aim", "", box=None, pad_edge=False)
    for target, value in _found(report):
        verdict = judge(target, value)
        least, aim = asked(target)
        style = _STYLES[verdict]
        table.add_row(target.what, Text(number(value), style), target.unit, least, aim, Text(verdict, style))
    missing = [f"left out: {name}: {why}" for name, why in report.left_out.items()]
    return Group(table, *missing)


def markdown(report: Report) -> str:
    """The same for the README."""
    lines = ["| | is | at least | aim |", "| --- | ---: | ---: | ---: |"]
    for target, value in _found(report):
        least, aim = asked(target)
        unit = "" if target.unit == "x" else f" {target.unit}"
        mark = "**" if judge(target, value) in {Verdict.AIM, Verdict.REACHED} else ""
        lines.append(f"| {target.what} | {mark}{number(value)}{unit}{mark} | {least}{unit} | {aim}{unit} |")
    for entry in report.entries.values():
        lines += ["", f"| {entry.measured.title} | median | Sluice is |", "| --- | ---: | ---: |"]
        for series, times in _compared(entry):
            lines.append(f"| {series.name} | {number(median(series.values))} {series.unit} | {times} |")
    return "\n".join(lines) + "\n"


def _found(report: Report) -> Iterator[tuple[Target, float]]:
    values = report.figures
    return ((target, values[target.name]) for target in TARGETS if target.name in values)


def _compared(entry: Entry) -> Iterator[tuple[Series, str]]:
    """Each series, and for those that can be compared with Sluice's how many times as good that is."""
    ours = next((series for series in entry.measured.series if series.name == SLUICE), None)
    for series in entry.measured.series:
        comparable = ours and series is not ours and series.unit == ours.unit
        times = f"{number(ratio(ours.values, series.values))} x" if ours and comparable else ""
        yield series, times
