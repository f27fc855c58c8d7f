"""Which dead letters a command is for: by id, by filter, or all."""

import re
from collections.abc import Iterator
from typing import Annotated, NamedTuple

import redis
import typer

from shared.lanes.graveyard import Graveyard
from shared.lanes.survey import DeadLetter, survey
from workers.entries import BadEntry, unpack

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


class Filter(NamedTuple):
    """What a dead letter must be like; empty values ask for nothing. Ages in milliseconds."""

    ids: frozenset[str] = frozenset()  # LANE/ID
    lane: str = ""
    type: str = ""
    why: str = ""
    error: str = ""
    older_ms: int = 0
    newer_ms: int = 0

    def wants(self, letter: DeadLetter, now_ms: int) -> bool:
        """Whether the letter is meant. Pure."""
        age = now_ms - letter.at_ms
        return (
            (not self.ids or f"{letter.lane}/{letter.id}" in self.ids)
            and (not self.type or event_type(letter) == self.type)
            and (not self.why or letter.why == self.why)
            and self.error.lower() in letter.error.lower()
            and age >= self.older_ms
            and (not self.newer_ms or age <= self.newer_ms)
        )

    def lanes(self) -> set[str]:
        """The lanes that need a look; empty: all."""
        return {self.lane} if self.lane else {name.rpartition("/")[0] for name in self.ids}


def chosen(
    which: list[str] | None, lane: str, type_: str, why: str, error: str, older: str, newer: str, everything: bool
) -> Filter:
    """The filter that these options make. Raises BadParameter where nothing was chosen, or an age is none."""
    if not (which or lane or type_ or why or error or older or newer or everything):
        raise typer.BadParameter("name dead letters, or a filter, or --all")
    return Filter(frozenset(which or ()), lane, type_, why, error, milliseconds(older), milliseconds(newer))


def milliseconds(age: str) -> int:
    """`15m` as milliseconds; 0 for an empty text. Raises BadParameter."""
    if not age:
        return 0
    found = _AGE.fullmatch(age)
    if not found:
        raise typer.BadParameter(f"{age!r} is no age; 90s, 15m, 6h or 2d are")
    return int(found[1]) * _SECONDS[found[2]] * 1000


def letters(client: redis.Redis, wanted: Filter, now_ms: int) -> Iterator[DeadLetter]:
    """The dead letters that are meant, lane by lane, the oldest first."""
    graveyard = Graveyard(client)
    lanes = wanted.lanes() or {found.lane for found in survey(client) if found.dead}
    for lane in sorted(lanes):
        yield from (letter for letter in graveyard.walk(lane) if wanted.wants(letter, now_ms))


def event_type(letter: DeadLetter) -> str:
    """The type of the letter's event; empty for a webhook that was never classified."""
    try:
        return unpack(letter.data).item.type
    except BadEntry:
        return ""
