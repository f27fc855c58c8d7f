"""`make bench`."""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from rich.console import Console

from tests.programs.bench import chart, report, table
from tests.programs.bench.context import FULL, SHORT, Context, LeftOut, Sizes
from tests.programs.bench.facts import facts
from tests.programs.bench.figures import broken
from tests.programs.bench.measure import MEASUREMENTS
from tests.programs.bench.report import Entry, Report
from tests.support.postgres import binaries, postgres

_TRIES_MORE = 2
console = Console(width=130 if not sys.stdout.isatty() else None)


def main() -> int:
    """0: every figure is at least half of what is asked for (`--short`), or was measured at all."""
    signal.signal(signal.SIGTERM, _stop)
    options = _options()
    found = report.load(options.json) if options.json else Report({})
    if not options.redraw:
        found = _measure(found, options, options.only)
    if options.short:
        found = _once_more(found, options)
    for name in options.only:
        if name in found.entries:
            console.print(table.medians(found.entries[name]), "")
    console.print(table.figures(found))
    _draw(found, options)
    return _guard(found) if options.short else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench", description="Sluice beside what its users would otherwise write."
    )
    parser.add_argument(
        "--short", action="store_true", help="small sizes; fails where a figure is below half of its target"
    )
    parser.add_argument(
        "--only", type=_names, default=list(MEASUREMENTS), metavar="NAME,NAME", help=", ".join(MEASUREMENTS)
    )
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds of each measurement that has any")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="where results go; what is not measured now is kept in it"
    )
    parser.add_argument("--svg", type=Path, metavar="FILE", help="where the chart goes")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="where the tables go as Markdown")
    parser.add_argument("--redraw", action="store_true", help="measure nothing: show what --json holds")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := sorted(set(names) - MEASUREMENTS.keys()):
        raise argparse.ArgumentTypeError(f"there is no {', '.join(unknown)}")
    return [name for name in MEASUREMENTS if name in names]


def _sizes(options: argparse.Namespace) -> Sizes:
    sizes = SHORT if options.short else FULL
    if options.rounds is None:
        return sizes
    return sizes._replace(rounds=options.rounds, long_rounds=options.rounds, depth_rounds=options.rounds)


def _once_more(found: Report, options: argparse.Namespace) -> Report:
    """What fell below half is measured again, twice at most: the machine may have been busy with something else."""
    for _ in range(_TRIES_MORE):
        names = found.sources(broken(found.figures))
        if names:
            found = _measure(found, options, names)
    return found


def _measure(found: Report, options: argparse.Namespace, names: Sequence[str]) -> Report:
    """With each measurement that is named; what was measured is kept at once, should a later one fail."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name, _database(Path(name)) as database:
        context, machine = Context(Path(name), database, _sizes(options)), facts(database)
        for measurement in names:
            console.print(f"{datetime.now(UTC):%H:%M:%S} {measurement} …")
            date, began = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", time.monotonic()
            try:
                measured = MEASUREMENTS[measurement](context)
            except LeftOut as error:
                found = found.without(measurement, str(error))
            except SystemExit:
                _show_logs(context.folder)
                raise
            else:
                entry = Entry(measured, date, options.short, time.monotonic() - began, machine)
                found = found.with_entry(measurement, entry)
            if options.json:
                _write(options.json, report.to_json(found))
    return found


def _show_logs(folder: Path) -> None:
    for log in sorted(folder.glob("*.log")):
        if end := log.read_text(errors="replace")[-1000:].strip():
            console.print(f"{log.name}:\n{end}\n", markup=False)


def _draw(found: Report, options: argparse.Namespace) -> None:
    if options.svg:
        _write(options.svg, chart.svg(found))
    if options.markdown:
        _write(options.markdown, table.markdown(found))


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def _guard(found: Report) -> int:
    below = broken(found.figures)
    for name in below:
        console.print(f"{name} is below half of what is asked for", style="bold red")
    return 1 if below else 0


@contextmanager
def _database(folder: Path) -> Iterator[str]:
    """PostgreSQL where it is installed, else SQLite."""
    if binaries() is None:
        yield f"sqlite:///{folder / 'bench.db'}"
    else:
        with postgres() as url:
            yield url


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit("ended by a signal")  # and so everything that runs is ended on the way


if __name__ == "__main__":
    sys.exit(main())
