"""`sluice replay`: handle events of the event store again."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from workers.cli.common import UNAVAILABLE, Json, fail, load_settings, print_result, redis_client
from workers.cli.parsing import TIME_FORMATS, check_event_type
from workers.lanes import Lanes
from workers.operations.replay import ReplayBookmark, lanes_for
from workers.operations.replay import replay as run
from workers.parsing.coerce import as_phone
from workers.store import Store, StoreUnavailable
from workers.store.read.replay import ReplayFilter, count_events, iter_events

_INTERRUPTED = 130  # exit code, as shells have it: 128 plus the signal
_Time = Annotated[
    datetime | None,
    typer.Option(
        metavar="TIME", formats=TIME_FORMATS, help="2026-01-31 or 2026-01-31T08:00:00, UTC, by the provider's clock."
    ),
]


def replay(
    type_: Annotated[str, typer.Option("--type", help="Only events of this type.")] = "",
    since: _Time = None,
    until: _Time = None,
    customer: Annotated[str, typer.Option(help="Only this customer's.")] = "",
    handler: Annotated[str, typer.Option(help="Only for this handler: `greet` or `text.greet`.")] = "",
    rate: Annotated[float, typer.Option(min=0.1, max=100_000, help="Maximum events per second.")] = 2000,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count the events.")] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Start over after an interruption.")] = False,
    json: Json = False,
) -> None:
    """Put stored events into their handlers' lanes again, bypassing the dedupe.

    Pauses while 5,000 events wait in a lane. After an interruption, the same command continues where it stopped.

    Examples:

    - `sluice replay --type text --since 2026-01-31 --handler greet --dry-run`
    """
    if type_:
        check_event_type(type_)
    database_url = load_settings().database
    if database_url is None:
        fail("there is no event store: SLUICE_DATABASE_URL is none")
    event_filter = ReplayFilter(type_ or None, as_phone(customer) if customer else None, _utc(since), _utc(until))
    store = Store(database_url)
    try:
        replayed = _replay(store, event_filter, handler, rate=rate, dry_run=dry_run, restart=restart)
    except StoreUnavailable as error:
        fail(str(error), UNAVAILABLE)
    what = "would be replayed" if dry_run else "replayed"
    print_result(f"{replayed} events {what}.", {what.replace(" ", "_"): replayed}, json)


def _replay(
    store: Store, event_filter: ReplayFilter, handler: str, *, rate: float, dry_run: bool, restart: bool
) -> int:
    with redis_client() as client, store.reading() as connection:
        targets = lanes_for(client, handler)
        if not targets or (event_filter.type and event_filter.type not in targets):
            fail(f"there is no handler {handler} for these events" if handler else "no handlers yet: start a worker")
        bookmark = ReplayBookmark(client, event_filter, handler)
        after = "" if restart or dry_run else bookmark.read()
        if after:
            typer.echo("Continuing an interrupted replay (--restart starts over).", err=True)
        total = count_events(connection, event_filter, after)
        if dry_run:
            return total
        columns = (TextColumn("replayed"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        replayed = 0
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task("", total=total)
            try:
                with _interruptible():
                    events = iter_events(connection, event_filter, after)
                    for replayed in run(Lanes(client), events, targets, bookmark, rate=rate):
                        progress.update(task, completed=replayed)
            except KeyboardInterrupt:
                progress.stop()
                fail(f"interrupted after {replayed} of {total} events; the same command continues", _INTERRUPTED)
        return replayed


@contextmanager
def _interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGTERM, and on SIGINT even where a shell ignores it for background jobs."""
    previous = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _utc(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=UTC) if time else None
