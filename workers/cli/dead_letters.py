"""`sluice dead …`: the dead letters."""

import base64
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import typer
from redis.exceptions import ResponseError
from rich.table import Table
from rich.text import Text

from shared.observability.logging import mask_phone_numbers
from shared.text import escape_control_chars, escape_keep_newlines
from workers.cli.common import console, fail, print_json, redis_client
from workers.cli.dead_letter_options import All, Error, Lane, Newer, Older, Type, Which, Why, dead_letter_filter
from workers.lanes.dead_letter_queue import DeadLetterQueue
from workers.lanes.reader import LaneReader
from workers.lanes.records import DeadLetter
from workers.operations.dead_letters import search
from workers.operations.dead_letters.actions import batches

_WIDTH = 10  # of the names in `sluice dead show`

app = typer.Typer(help="Dead letters: events that nothing more is tried with.", no_args_is_help=True)


@app.command("list")
def list_(
    which: Which = None,
    lane: Lane = "",
    type_: Type = "",
    why: Why = "",
    error: Error = "",
    older: Older = "",
    newer: Newer = "",
    everything: Annotated[bool, typer.Option("--all", help="Of every lane (also without this).")] = True,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The latest so many of each lane.")] = 50,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List dead letters, the latest first.

    Examples:

    - `sluice dead list --lane text.greet --error timeout --newer 2h`
    """
    wanted = dead_letter_filter(which, lane, type_, why, error, older, newer, everything)
    with redis_client() as client:
        letters = search.latest(client, wanted, limit)
    if json:
        print_json([_as_dict(letter, whole=False) for letter in letters])
    elif not letters:
        typer.echo("There are no dead letters.")
    else:
        console().print(_table(letters))


@app.command()
def show(
    which: Annotated[str, typer.Argument(metavar="LANE/ID", help="As `sluice dead list` names it.")],
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show one dead letter whole: error, traceback and payload.

    Examples:

    - `sluice dead show text.greet/1795371599627-0`
    """
    lane, _, identity = which.rpartition("/")
    with redis_client() as client:
        try:
            letter = LaneReader(client).dead_letter(lane, identity) if lane else None
        except ResponseError:  # no id at all
            letter = None
    if letter is None:
        fail(f"there is no dead letter {which}; `sluice dead list` names those there are")
    if json:
        print_json(_as_dict(letter, whole=True))
        return
    for name, value in _as_dict(letter, whole=True).items():
        typer.echo(f"{name:<{_WIDTH}}{_block(str(value))}")


def _table(letters: list[DeadLetter]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("letter", overflow="fold", no_wrap=True)  # whole, since it is what `show` is given
    for heading in ("died", "why", "attempts", "error"):
        table.add_column(heading, overflow="fold")
    for letter in letters:
        row = (f"{letter.lane}/{letter.id}", _time(letter.at_ms), letter.why, str(letter.attempts), letter.error)
        table.add_row(
            *[Text(mask_phone_numbers(escape_control_chars(cell))) for cell in row]
        )  # as Text: brackets in it are no markup
    return table


def _block(value: str) -> str:
    """Further lines are indented, so that none of them looks like a name of ours."""
    return escape_keep_newlines(value).replace("\n", "\n" + " " * _WIDTH)


def _as_dict(letter: DeadLetter, *, whole: bool) -> dict[str, Any]:
    described = {
        "letter": f"{letter.lane}/{letter.id}",
        "lane": letter.lane,
        "why": letter.why,
        "error": letter.error,
        "attempts": letter.attempts,
        "deaths": letter.deaths,
        "died_at": _time(letter.at_ms),
    }
    if whole:
        described |= {"traceback": letter.trace, "entry": letter.data.decode("utf-8", "backslashreplace")}
    return described


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")


_Json = Annotated[bool, typer.Option("--json", help="The answer as JSON.")]


@app.command()
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
    wanted = dead_letter_filter(which, lane, type_, why, error, older, newer, everything)
    with redis_client() as client:
        queue = DeadLetterQueue(client)
        count = sum(queue.replay(lane, ids) for lane, ids in batches(search.walk(client, wanted)))
    _tell("replayed", count, json)


@app.command()
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
    wanted = dead_letter_filter(which, lane, type_, why, error, older, newer, everything)
    with redis_client() as client:
        count = sum(1 for _ in search.walk(client, wanted))
        if count and not yes:
            typer.confirm(f"Throw {count} dead letters away for good?", abort=True)
        queue = DeadLetterQueue(client)
        discarded = sum(queue.discard(lane, ids) for lane, ids in batches(search.walk(client, wanted)))
    _tell("discarded", discarded, json)


@app.command()
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
    wanted = dead_letter_filter(which, lane, type_, why, error, older, newer, everything)
    with redis_client() as client:
        for letter in search.walk(client, wanted):
            line = letter._asdict() | {"data": base64.b64encode(letter.data).decode()}
            sys.stdout.buffer.write(orjson.dumps(line) + b"\n")


def _tell(what: str, count: int, json: bool) -> None:
    if json:
        print_json({what: count})
    else:
        typer.echo(f"{count} {what}.")
