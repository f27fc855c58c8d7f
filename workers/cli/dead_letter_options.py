"""Which dead letters a command is for: by id, by filter, or all."""

import re
from typing import Annotated

import typer

from workers.lanes.clock import local_time_ms
from workers.operations.dead_letters.filter import DeadLetterFilter

Which = Annotated[list[str] | None, typer.Argument(metavar="[LANE/ID]...", help="As `sluice dead list` names them.")]
Lane = Annotated[str, typer.Option(help="Only of this lane.")]
Type = Annotated[str, typer.Option("--type", help="Only events of this type.")]
Why = Annotated[str, typer.Option(help="Only with this reason: rejected, exhausted, poison, undecodable …")]
Error = Annotated[str, typer.Option(help="Only where the error holds this text.")]
Older = Annotated[str, typer.Option(metavar="AGE", help="Only what died longer ago: 90s, 15m, 6h, 2d.")]
Newer = Annotated[str, typer.Option(metavar="AGE", help="Only what died since: 90s, 15m, 6h, 2d.")]
All = Annotated[bool, typer.Option("--all", help="Every dead letter.")]

_AGE = re.compile(r"(\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def dead_letter_filter(
    which: list[str] | None, lane: str, type_: str, why: str, error: str, older: str, newer: str, everything: bool
) -> DeadLetterFilter:
    """The filter that these options make. Raises BadParameter where nothing was chosen, or an age is none."""
    if not (which or lane or type_ or why or error or older or newer or everything):
        raise typer.BadParameter("name dead letters, or a filter, or --all")
    wanted = DeadLetterFilter(frozenset(which or ()), lane, type_, why, error)
    return wanted.with_ages(parse_age(older), parse_age(newer), local_time_ms())


def parse_age(age: str) -> int:
    """`15m` as milliseconds; 0 for an empty text. Raises BadParameter."""
    if not age:
        return 0
    found = _AGE.fullmatch(age)
    if not found:
        raise typer.BadParameter(f"{age!r} is no age; 90s, 15m, 6h or 2d are")
    return int(found[1]) * _SECONDS[found[2]] * 1000
