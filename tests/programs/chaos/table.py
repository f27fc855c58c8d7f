"""The report, as Markdown. Pure."""

from collections.abc import Sequence

from tests.programs.chaos.stretch import Result

_HEAD = (
    "fault",
    "rounds",
    "acknowledged",
    "lost",
    "doubled",
    "wrong",
    "longest stop of acknowledging",
    "longest stop of handling",
)


def table(results: Sequence[Result]) -> str:
    """A row for each kind of fault (or kinds that shared a stretch), all databases together, and a row of sums."""
    kinds = list(dict.fromkeys(result.faults for result in results))
    rows = [_row(" + ".join(kind), [result for result in results if result.faults == kind]) for kind in kinds]
    rows.append(_row("**all**", results))
    lines = [_line(_HEAD), _line(["---", *["---:"] * (len(_HEAD) - 1)])]
    return "\n".join([*lines, *map(_line, rows)])


def complaints(results: Sequence[Result], most: int = 12) -> str:
    """What is amiss, in words, the first of each kind."""
    lines = []
    for result in results:
        if not result.is_right:
            lines.append(f"{' + '.join(result.faults)} on {result.database}:")
            for name, items in (
                *result.verification._asdict().items(),
                ("restless", result.restless),
                ("odd", result.odd),
            ):
                lines += [f"  {name}: {item}" for item in items[:most]]
                lines += [f"  {name}: … and {len(items) - most} more"] if len(items) > most else []
    return "\n".join(lines)


def _row(name: str, results: Sequence[Result]) -> list[str]:
    def total(what: str) -> int:
        return sum(len(getattr(result.verification, what)) for result in results)

    return [
        name,
        str(sum(result.strikes for result in results)),
        str(sum(result.acknowledged for result in results)),
        str(total("lost")),
        str(total("doubled")),
        str(total("wrong")),
        f"{max((result.stop_of_acknowledging for result in results), default=0):.1f} s",
        f"{max((result.stop_of_handling for result in results), default=0):.1f} s",
    ]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
