"""`sluice dead replay`, `discard` and `export`."""

import base64
import sys
from collections.abc import Callable, Iterable
from itertools import groupby, islice
from typing import Annotated

import orjson
import typer

from workers.cli.common import print_json, redis_client
from workers.cli.dead_letter_options import All, Error, Lane, Newer, Older, Type, Which, Why, chosen, now_ms
from workers.lanes.dead_letter_queue import Graveyard
from workers.lanes.status import DeadLetter
from workers.operations.dead_letters.filter import letters

_AT_ONCE = 200
_Json = Annotated[bool, typer.Option("--json", help="The answer as JSON.")]


def replay(
    which: Which = None,
    lane: Lane = "",
    type_: Type = "",
    why: Why = "",
    error: Error = "",
    older: Older = "",
    newer: Newer = "",
    everything: All = False,
    json: _Json = False,
) -> None:
    """Put dead letters back into their lanes, as if nothing had been tried yet.

    Examples:

    - `sluice dead replay --lane text.greet --newer 2h`
    """
    wanted = chosen(which, lane, type_, why, error, older, newer, everything)
    with redis_client() as client:
        graveyard = Graveyard(client)
        count = _in_turns(letters(client, wanted, now_ms()), graveyard.replay)
    _tell("replayed", count, json)


def discard(
    which: Which = None,
    lane: Lane = "",
    type_: Type = "",
    why: Why = "",
    error: Error = "",
    older: Older = "",
    newer: Newer = "",
    everything: All = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: _Json = False,
) -> None:
    """Throw dead letters away, for good. The events stay in the event store if they got that far.

    Examples:

    - `sluice dead discard --why rejected --older 30d`
    """
    wanted = chosen(which, lane, type_, why, error, older, newer, everything)
    with redis_client() as client:
        count = sum(1 for _ in letters(client, wanted, now_ms()))
        if count and not yes:
            typer.confirm(f"Throw {count} dead letters away for good?", abort=True)
        discarded = _in_turns(letters(client, wanted, now_ms()), Graveyard(client).discard)
    _tell("discarded", discarded, json)


def export(
    which: Which = None,
    lane: Lane = "",
    type_: Type = "",
    why: Why = "",
    error: Error = "",
    older: Older = "",
    newer: Newer = "",
    everything: Annotated[bool, typer.Option("--all", help="Every dead letter (also without this).")] = True,
) -> None:
    """Print dead letters as JSON, one a line, each whole: `data` is its entry as it was, in base64.

    Examples:

    - `sluice dead export > letters.jsonl`
    """
    wanted = chosen(which, lane, type_, why, error, older, newer, everything)
    with redis_client() as client:
        for letter in letters(client, wanted, now_ms()):
            line = letter._asdict() | {"data": base64.b64encode(letter.data).decode()}
            sys.stdout.buffer.write(orjson.dumps(line) + b"\n")


def _in_turns(found: Iterable[DeadLetter], act: Callable[[str, list[str]], int]) -> int:
    """Acts on a few hundred at a time: one script must not keep Redis from others."""
    done = 0
    for lane, group in groupby(found, key=lambda letter: letter.lane):
        while ids := [letter.id for letter in islice(group, _AT_ONCE)]:
            done += act(lane, ids)
    return done


def _tell(what: str, count: int, json: bool) -> None:
    if json:
        print_json({what: count})
    else:
        typer.echo(f"{count} {what}.")
