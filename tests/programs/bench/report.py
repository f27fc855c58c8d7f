"""A bench run as data: what was measured, written to JSON and read back, so that a part can be measured again."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

#: Where `make bench` keeps the latest full run, and `make capacity` finds it.
DEFAULT = Path("docs/figures/bench.json")
_VERSION = 1


class Series(NamedTuple):
    """One contender's or one aspect's values, a value a round."""

    name: str
    unit: str
    values: tuple[float, ...]


class Measured(NamedTuple):
    """One measurement: `figures` by name of target, and the `costs` that `tests.programs.capacity` uses."""

    title: str
    series: tuple[Series, ...]
    figures: Mapping[str, float]
    costs: Mapping[str, float] = {}
    note: str = ""


class Entry(NamedTuple):
    """A measurement and when, how and where it was made."""

    measured: Measured
    date: str
    short: bool
    seconds: float
    machine: Mapping[str, str]


class Report(NamedTuple):
    """Measurements by name; `left_out`: why some could not be made."""

    entries: Mapping[str, Entry]
    left_out: Mapping[str, str] = {}

    def with_entry(self, name: str, entry: Entry) -> "Report":
        """With that measurement, in place of an older one."""
        return Report({**self.entries, name: entry}, {k: why for k, why in self.left_out.items() if k != name})

    def without(self, name: str, why: str) -> "Report":
        """With the note that this one could not be made."""
        return Report({k: e for k, e in self.entries.items() if k != name}, {**self.left_out, name: why})

    @property
    def figures(self) -> dict[str, float]:
        """All figures by name of target."""
        return {name: value for entry in self.entries.values() for name, value in entry.measured.figures.items()}

    def sources(self, figures: Collection[str]) -> list[str]:
        """The measurements that any of these figures come from."""
        return [name for name, entry in self.entries.items() if not entry.measured.figures.keys().isdisjoint(figures)]

    @property
    def costs(self) -> dict[str, float]:
        """All costs."""
        return {name: value for entry in self.entries.values() for name, value in entry.measured.costs.items()}


def to_json(report: Report) -> str:
    """The whole report."""
    measurements = {
        name: {
            "title": entry.measured.title,
            "date": entry.date,
            "short": entry.short,
            "seconds": round(entry.seconds, 1),
            "machine": dict(entry.machine),
            "series": [series._asdict() | {"values": list(series.values)} for series in entry.measured.series],
            "figures": dict(entry.measured.figures),
            "costs": dict(entry.measured.costs),
            "note": entry.measured.note,
        }
        for name, entry in report.entries.items()
    }
    document = {"version": _VERSION, "measurements": measurements, "left_out": dict(report.left_out)}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def from_json(text: str) -> Report:
    """The report in that text. Raises ValueError where it is none, or one of another version."""
    document: Any = json.loads(text)
    if not isinstance(document, dict) or document.get("version") != _VERSION:
        raise ValueError(f"this is not a report of version {_VERSION} of `make bench`")
    try:
        entries = {name: _entry(found) for name, found in document["measurements"].items()}
        return Report(entries, dict(document["left_out"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"that report of `make bench` is damaged: {error}") from error


def _entry(found: dict[str, Any]) -> Entry:
    series = tuple(Series(one["name"], one["unit"], tuple(one["values"])) for one in found["series"])
    measured = Measured(found["title"], series, found["figures"], found["costs"], found["note"])
    return Entry(measured, found["date"], found["short"], found["seconds"], found["machine"])


def load(file: Path) -> Report:
    """The report in that file; an empty one where there is no file. Raises ValueError, OSError."""
    return from_json(file.read_text()) if file.exists() else Report({})
