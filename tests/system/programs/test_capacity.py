"""`python -m tests.programs.capacity`, with a report made up for it."""

from pathlib import Path

from tests.programs.bench.report import Entry, Measured, Report, to_json
from tests.programs.capacity.model import COSTS
from tests.support.programs import ROOT, python, run


def _figures(folder: Path, costs: dict[str, float]) -> str:
    measured = Measured("made up", (), {}, costs)
    entry = Entry(measured, "2026-01-31 12:00 UTC", False, 1.0, {"machine": "a machine"})
    file = folder / "bench.json"
    file.write_text(to_json(Report({"made-up": entry})))
    return str(file)


def test_it_prints_the_worked_example_with_its_formulas(tmp_path: Path) -> None:
    file = _figures(tmp_path, dict.fromkeys(COSTS, 40.0))
    command = python(
        "-m", "tests.programs.capacity", "--events-per-second", "46000", "--handler-ms", "1", "--figures", file
    )
    done = run(command, ROOT)
    assert done.returncode == 0, done.stderr
    assert "149,500/s x 40.0 µs ÷ 0.6, rounded up" in done.stdout
    assert "149,500/s x 1,040.0 µs ÷ 0.6, rounded up" in done.stdout
    assert "2026-01-31 12:00 UTC" in done.stdout


def test_costs_that_are_missing_are_named(tmp_path: Path) -> None:
    file = _figures(tmp_path, dict.fromkeys(sorted(COSTS)[1:], 40.0))
    done = run(python("-m", "tests.programs.capacity", "--figures", file), ROOT)
    assert done.returncode == 1
    assert min(COSTS) in done.stdout


def test_without_figures_it_says_how_to_make_them(tmp_path: Path) -> None:
    done = run(python("-m", "tests.programs.capacity", "--figures", str(tmp_path / "none.json")), ROOT)
    assert done.returncode == 1
    assert "python -m tests.programs.bench --json" in " ".join(done.stdout.split())
