"""`sluice events search` and `sluice events show`: read the event store."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

import typer
from redis.exceptions import RedisError
from rich.table import Table
from rich.text import Text
from sqlalchemy import Connection

from shared.errors import InvalidSettings
from shared.observability.logging import mask_phone_numbers
from shared.redis.connection import connect
from shared.text import escape_control_chars
from workers.cli.common import UNAVAILABLE, Json, console, fail, load_settings, print_json
from workers.cli.parsing import check_event_type, parse_time
from workers.operations.event_history import HistoryStep, event_history
from workers.parsing.coerce import as_phone
from workers.store import Store, StoreUnavailable
from workers.store.read.event_detail import EventDetails, event_details, find_by_masked_key
from workers.store.read.search import EventFilter, EventSummary, search_events

app = typer.Typer(help="Search the event store, and show events.", no_args_is_help=True)

_KINDS = ("message", "status", "unknown")
_PAGE_SIZE = 200
_MIN_NAME_WIDTH = 18
_ShowNumbers = Annotated[bool, typer.Option("--show-numbers", help="Do not mask phone numbers.")]
_Time = Annotated[
    str, typer.Option(metavar="TIME|AGE", help="2026-01-31, 2026-01-31T08:00:00 (UTC), or 90s, 15m, 2d ago.")
]


@app.command()
def search(
    wamid: Annotated[str, typer.Option(help="Only about this message.")] = "",
    customer: Annotated[str, typer.Option(help="Only of this customer.")] = "",
    type_: Annotated[list[str] | None, typer.Option("--type", help="Only of this type; repeatable.")] = None,
    kind: Annotated[str, typer.Option(help="Only of this kind: message, status or unknown.")] = "",
    status: Annotated[str, typer.Option(help="Only your messages with this latest status: sent, read …")] = "",
    text: Annotated[str, typer.Option(help="Only messages that contain this text.")] = "",
    number: Annotated[str, typer.Option(help="Only of this business number.")] = "",
    since: _Time = "",
    until: _Time = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Maximum number of events.")] = 50,
    show_numbers: _ShowNumbers = False,
    json: Json = False,
) -> None:
    """Search events, newest first. An event must match all filters. JSON has whole phone numbers.

    Examples:

    - `sluice events search --status failed --since 2d`
    - `sluice events search --text "where is my order"`
    - `sluice events search --customer 919800000001 --json`
    """
    if kind and kind not in _KINDS:
        raise typer.BadParameter(f"unknown kind {kind!r} (use message, status or unknown)")
    event_filter = EventFilter(
        wamid or None,
        as_phone(customer) if customer else None,
        tuple(map(check_event_type, type_ or ())),
        kind or None,
        status or None,
        text or None,
        as_phone(number) if number else None,
        parse_time(since),
        parse_time(until),
    )
    with _connection() as connection:
        events = _search(connection, event_filter, limit)
    if json:
        print_json([event._asdict() for event in events])
    elif not events:
        typer.echo("No matching events. `sluice status` shows events that still wait.")
    else:
        console().print(_table(events, str if show_numbers else mask_phone_numbers))


@app.command()
def show(
    key: Annotated[str, typer.Argument(metavar="KEY", help="As listed by `sluice events search`, masked or whole.")],
    show_numbers: _ShowNumbers = False,
    json: Json = False,
) -> None:
    """Show one event in full: its rows, its history, and where it waits or died. JSON has whole phone numbers.

    Examples:

    - `sluice events show m:text:wamid.HBgM…`
    """
    with _connection() as connection:
        whole_key = find_by_masked_key(connection, key, mask_phone_numbers) if "…" in key else key
        event = event_details(connection, whole_key) if whole_key else None
    if event is None:
        fail(f"no event, or more than one, has the key {key}; `sluice events search --json` lists the whole keys")
    steps = _history(event)
    if json:
        related = [each._asdict() for each in event.related]
        print_json(event._asdict() | {"related": related, "life": _history_fields(steps)})
        return
    for line in _lines(event, steps):
        typer.echo(line if show_numbers else mask_phone_numbers(line))


@contextmanager
def _connection() -> Iterator[Connection]:
    """Connect to the event store, and exit with one line if it is disabled or unavailable."""
    database_url = load_settings().database
    if database_url is None:
        fail("there is no event store: SLUICE_DATABASE_URL is none")
    store = Store(database_url)
    try:
        with store.reading() as connection:
            yield connection
    except StoreUnavailable as error:
        fail(str(error), UNAVAILABLE)
    finally:
        store.close()


def _search(connection: Connection, event_filter: EventFilter, limit: int) -> list[EventSummary]:
    """Return up to `limit` events. The store may scan a limited number of events per page, so pages can be short."""
    events: list[EventSummary] = []
    before = None
    while len(events) < limit:
        page = search_events(connection, event_filter, before=before, limit=min(limit - len(events), _PAGE_SIZE))
        events += page.events
        before = page.older
        if before is None:
            break
    return events


def _history(event: EventDetails) -> list[HistoryStep] | None:
    """Return the event's history, or None if Redis does not answer."""
    try:
        with connect(load_settings().redis, retries=0) as client:
            return event_history(client, event)
    except (RedisError, InvalidSettings):
        return None


def _history_fields(steps: list[HistoryStep] | None) -> list[dict[str, object]] | None:
    if steps is None:
        return None
    return [{"at": step.at, "what": step.what, "about": step.about, "bad": step.is_problem} for step in steps]


def _table(events: list[EventSummary], mask: Callable[[str], str]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("event", overflow="fold", no_wrap=True)  # never shortened: `show` takes it
    for heading in ("happened", "type", "customer", "status", "text"):
        table.add_column(heading, overflow="fold")
    for event in events:
        row = (event.key, _format(event.occurred_at), event.type, event.customer, event.status, event.text)
        # Text, because brackets in a str are markup.
        table.add_row(*[Text(mask(escape_control_chars(cell or ""))) for cell in row])
    return table


def _lines(event: EventDetails, steps: list[HistoryStep] | None) -> Iterator[str]:
    """Yield the event line by line. Text from outside is indented and cannot look like one of these headings."""
    rows = (("event", event.event), ("message", event.message), ("media", event.media), ("customer", event.customer))
    for name, row in (*rows, *(("delivery", row) for row in event.deliveries)):
        if row is not None:
            yield f"{name}:"
            yield from _columns((column, value) for column, value in row.items() if value is not None)
    if event.related:
        yield "of the same message:"
        yield from _columns((each.type, f"{_format(each.occurred_at)} {each.key}") for each in event.related)
    if steps is None:
        yield "history: unknown, because Redis does not answer"
    else:
        yield "history:"
        yield from _columns((step.what, _describe(step)) for step in steps)


def _columns(values: Iterable[tuple[str, object]]) -> Iterator[str]:
    pairs = list(values)
    width = max([_MIN_NAME_WIDTH, *[len(name) + 1 for name, _ in pairs]])
    for name, value in pairs:
        shown = _format(value) if isinstance(value, datetime) else escape_control_chars(str(value))
        yield f"  {name:<{width}}{shown}"


def _describe(step: HistoryStep) -> str:
    return " ".join(filter(None, (_format(step.at) if step.at else "", step.about)))


def _format(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="seconds").removesuffix("+00:00")
