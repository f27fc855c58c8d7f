"""`sluice replay`: events of the event store go through their handlers again."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from workers.cli.common import UNAVAILABLE, fail, print_json, redis_client, settings
from workers.events import TYPES
from workers.lanes import Lanes
from workers.operations.replay import ReplayBookmark, lanes_for
from workers.operations.replay import replay as run
from workers.parsing.coerce import as_phone
from workers.store import Store, StoreUnavailable
from workers.store.read.replay import ReplayFilter, count_events, iter_events

_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]
_INTERRUPTED = 130  # as a shell has it: 128 and the signal
_Time = Annotated[
    datetime | None,
    typer.Option(
        metavar="TIME", formats=_FORMATS, help="2026-01-31 or 2026-01-31T08:00:00, UTC, by the provider's clock."
    ),
]


def replay(
    type_: Annotated[str, typer.Option("--type", help="Only events of this type.")] = "",
    since: _Time = None,
    until: _Time = None,
    customer: Annotated[str, typer.Option(help="Only this customer's.")] = "",
    handler: Annotated[str, typer.Option(help="Only for this handler: `greet` or `text.greet`.")] = "",
    rate: Annotated[float, typer.Option(min=0.1, max=100_000, help="Events a second at most.")] = 2000,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell how many events that would be.")] = False,
    restart: Annotated[bool, typer.Option("--restart", help="From the start, also after an interruption.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
) -> None:
    """Put stored events into their handlers' lanes again, past the dedupe.

    It rests while 5,000 events wait in a lane. Interrupted, it goes on where it stopped when the same command is given
    again.

    Examples:

    - `sluice replay --type text --since 2026-01-31 --handler greet --dry-run`
    """
    if type_ and type_ not in TYPES:
        raise typer.BadParameter(f"{type_!r} is no event type; {', '.join(sorted(TYPES))} are")
    address = settings().database
    if address is None:
        fail("there is no event store: SLUICE_DATABASE_URL is none")
    wanted = ReplayFilter(type_ or None, as_phone(customer) if customer else None, _utc(since), _utc(until))
    store = Store(address)
    try:
        done = _replay(store, wanted, handler, rate=rate, dry_run=dry_run, restart=restart)
    except StoreUnavailable as error:
        fail(str(error), UNAVAILABLE)
    what = "would be replayed" if dry_run else "replayed"
    if json:
        print_json({what.replace(" ", "_"): done})
    else:
        typer.echo(f"{done} events {what}.")


def _replay(store: Store, wanted: ReplayFilter, handler: str, *, rate: float, dry_run: bool, restart: bool) -> int:
    with redis_client() as client, store.reading() as connection:
        targets = lanes_for(client, handler)
        if not targets or (wanted.type and wanted.type not in targets):
            fail(f"no handler {handler} is known for that" if handler else "no handler is known: has a worker run yet?")
        bookmark = ReplayBookmark(client, wanted, handler)
        after = "" if restart or dry_run else bookmark.read()
        if after:
            typer.echo("Going on where this replay was interrupted (--restart begins anew).", err=True)
        total = count_events(connection, wanted, after)
        if dry_run:
            return total
        columns = (TextColumn("replayed"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        done = 0
        with Progress(*columns, console=Console(stderr=True)) as bars:
            bar = bars.add_task("", total=total)
            try:
                with _interruptible():
                    for done in run(
                        Lanes(client), iter_events(connection, wanted, after), targets, bookmark, rate=rate
                    ):
                        bars.update(bar, completed=done)
            except KeyboardInterrupt:
                bars.stop()
                fail(f"interrupted after {done} of {total} events; the same command goes on from there", _INTERRUPTED)
        return done


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM raises KeyboardInterrupt, and so does SIGINT where a shell has it ignored, as in the background."""
    before = {each: signal.signal(each, signal.default_int_handler) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _utc(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=UTC) if time else None
