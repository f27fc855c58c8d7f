"""`make capacity`."""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.programs.bench import report
from tests.programs.capacity.model import COSTS, Line, Load, Room, missing, reckon

console = Console(width=130 if not sys.stdout.isatty() else None)


def main() -> int:
    """Exit code 1 where the costs are not known."""
    options = _options()
    if not options.figures.exists():
        console.print(
            f"{options.figures} is not there: python -m tests.programs.bench --json {options.figures} makes it"
        )
        return 1
    found = report.load(options.figures)
    if unknown := missing(found.costs):
        console.print(f"{options.figures} lacks {', '.join(unknown)}: run all of the bench", soft_wrap=True)
        return 1
    load = Load(
        options.events_per_second,
        options.peak,
        options.payload_bytes,
        options.handler_ms,
        options.outage_seconds,
        options.dedupe_seconds,
    )
    _print(found, reckon(load, found.costs, Room(options.busy, options.primary_gib)), options.figures)
    return 0


def _options() -> argparse.Namespace:
    usual, room = Load(46_000), Room()
    parser = argparse.ArgumentParser(
        prog="make capacity", description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    for name, default, text in (
        ("events-per-second", usual.events_per_second, "on average"),
        ("peak", usual.peak, "times the average"),
        ("payload-bytes", usual.payload_bytes, "of a webhook"),
        ("handler-ms", usual.handler_ms, "of a worker process an event, in your handlers"),
        ("outage-seconds", usual.outage_seconds, "without workers that Redis must hold"),
        ("dedupe-seconds", usual.dedupe_seconds, "SLUICE_DEDUPE_SECONDS"),
        ("busy", room.busy, "share of each core that is used at the peak"),
        ("primary-gib", room.primary_gib, "memory for data in one Redis primary"),
    ):
        kind = _amount if name == "handler-ms" else _positive
        parser.add_argument(f"--{name}", type=kind, default=default, help=text)
    parser.add_argument("--figures", type=Path, default=report.DEFAULT, help="what make bench wrote")
    return parser.parse_args()


def _amount(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError("must be 0 or more")
    return value


def _positive(text: str) -> float:
    value = _amount(text)
    if not value:
        raise argparse.ArgumentTypeError("must be more than 0")
    return value


def _print(found: report.Report, lines: list[Line], figures: Path) -> None:
    costs = Table(f"costs measured, from {figures}", "", "", box=None, pad_edge=False)
    for name, what in COSTS.items():
        unit = "µs" if name.endswith("_us") else "bytes" if name.endswith("_bytes") else ""
        costs.add_row(f"  {what}", f"{found.costs[name]:,.1f}", unit)
    table = Table("what the load needs", "", "", "how", box=None, pad_edge=False)
    for line in lines:
        value = f"{line.value:,.0f}" if line.value >= 10 or line.value == int(line.value) else f"{line.value:,.1f}"
        table.add_row(f"  {line.what}", value, line.unit, line.formula)
    dates = sorted({f"{entry.date}{' (short)' if entry.short else ''}" for entry in found.entries.values()})
    console.print(costs, "", table, "")
    console.print(f"Costs of {dates[0]} to {dates[-1]}, of {next(iter(found.entries.values())).machine['machine']}.")


if __name__ == "__main__":
    sys.exit(main())
