"""`sluice dead …`: list, show, replay, discard and export dead letters."""

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
from workers.cli.common import Json, Yes, console, fail, print_json, print_result, redis_client
from workers.cli.dead_letter_options import with_filter_options
from workers.lanes.dead_letter_queue import DeadLetterQueue
from workers.lanes.reader import LaneReader
from workers.lanes.records import DeadLetter
from workers.operations.dead_letters import search
from workers.operations.dead_letters.actions import batches
from workers.operations.dead_letters.filter import DeadLetterFilter

_NAME_WIDTH = 10  # of the first column of `sluice dead show`

app = typer.Typer(help="Dead letters: events that will not be retried.", no_args_is_help=True)


@app.command("list")
@with_filter_options(required=False)
def list_(
    selected: DeadLetterFilter,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Maximum number per lane.")] = 50,
    json: Json = False,
) -> None:
    """List dead letters, newest first.

    Examples:

    - `sluice dead list --lane text.greet --error timeout --newer 2h`
    """
    with redis_client() as client:
        newest = search.latest(client, selected, limit)
    if json:
        print_json([_summary(letter) for letter in newest])
    elif not newest:
        typer.echo("No dead letters.")
    else:
        console().print(_table(newest))


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="LANE/ID", help="As listed by `sluice dead list`.")],
    json: Json = False,
) -> None:
    """Show one dead letter in full: error, traceback and payload.

    Examples:

    - `sluice dead show text.greet/1795371599627-0`
    """
    lane, _, letter_id = name.rpartition("/")
    with redis_client() as client:
        try:
            letter = LaneReader(client).dead_letter(lane, letter_id) if lane else None
        except ResponseError:  # not the format of an id
            letter = None
    if letter is None:
        fail(f"there is no dead letter {name}; `sluice dead list` lists them")
    fields = _summary(letter) | {"traceback": letter.trace, "entry": letter.data.decode("utf-8", "backslashreplace")}
    if json:
        print_json(fields)
        return
    for field, value in fields.items():
        typer.echo(f"{field:<{_NAME_WIDTH}}{_indented(str(value))}")


@app.command()
@with_filter_options(required=True)
def replay(selected: DeadLetterFilter, json: Json = False) -> None:
    """Put dead letters back into their lanes, with no attempts counted.

    Examples:

    - `sluice dead replay --lane text.greet --newer 2h`
    """
    with redis_client() as client:
        queue = DeadLetterQueue(client)
        count = sum(queue.replay(lane, ids) for lane, ids in batches(search.walk(client, selected)))
    print_result(f"{count} replayed.", {"replayed": count}, json)


@app.command()
@with_filter_options(required=True)
def discard(selected: DeadLetterFilter, yes: Yes = False, json: Json = False) -> None:
    """Delete dead letters permanently. Their events stay in the event store if they got that far.

    Examples:

    - `sluice dead discard --why rejected --older 30d`
    """
    with redis_client() as client:
        count = sum(1 for _ in search.walk(client, selected))
        if count and not yes:
            typer.confirm(f"Delete {count} dead letters permanently?", abort=True)
        queue = DeadLetterQueue(client)
        discarded = sum(queue.discard(lane, ids) for lane, ids in batches(search.walk(client, selected)))
    print_result(f"{discarded} discarded.", {"discarded": discarded}, json)


@app.command()
@with_filter_options(required=False)
def export(selected: DeadLetterFilter) -> None:
    """Print dead letters in full as JSON, one per line. `data` is the entry, unchanged, in base64.

    Examples:

    - `sluice dead export > letters.jsonl`
    """
    with redis_client() as client:
        for letter in search.walk(client, selected):
            line = letter._asdict() | {"data": base64.b64encode(letter.data).decode()}
            sys.stdout.buffer.write(orjson.dumps(line) + b"\n")


def _table(newest: list[DeadLetter]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("letter", overflow="fold", no_wrap=True)  # never shortened: `show` takes it
    for heading in ("died", "why", "attempts", "error"):
        table.add_column(heading, overflow="fold")
    for letter in newest:
        row = (f"{letter.lane}/{letter.id}", _time(letter.at_ms), letter.why, str(letter.attempts), letter.error)
        # Text, because brackets in a str are markup.
        table.add_row(*[Text(mask_phone_numbers(escape_control_chars(cell))) for cell in row])
    return table


def _indented(value: str) -> str:
    """Indent all lines but the first, so that none of them looks like a field."""
    return escape_keep_newlines(value).replace("\n", "\n" + " " * _NAME_WIDTH)


def _summary(letter: DeadLetter) -> dict[str, Any]:
    return {
        "letter": f"{letter.lane}/{letter.id}",
        "lane": letter.lane,
        "why": letter.why,
        "error": letter.error,
        "attempts": letter.attempts,
        "deaths": letter.deaths,
        "died_at": _time(letter.at_ms),
    }


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")
