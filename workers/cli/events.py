"""`sluice events search` and `sluice events show`: what the event store holds."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
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
from workers.cli import events
from workers.cli.common import UNAVAILABLE, console, fail, print_json, settings
from workers.cli.dead_letter_options import parse_age
from workers.events import TYPES
from workers.operations.event_history import HistoryStep, event_history
from workers.parsing.coerce import as_phone
from workers.store import Store, StoreUnavailable
from workers.store.read.event_detail import EventDetails, event_details, find_by_masked_key
from workers.store.read.search import EventFilter, EventSummary, search_events

app = typer.Typer(help="Events of the event store: search them, look into one.", no_args_is_help=True)

_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]
_AT_ONCE = 200
_Json = Annotated[bool, typer.Option("--json", help="As JSON; phone numbers are whole in it.")]
_Numbers = Annotated[bool, typer.Option("--show-numbers", help="Whole phone numbers; else they are masked.")]
_Time = Annotated[
    str, typer.Option(metavar="TIME|AGE", help="2026-01-31, 2026-01-31T08:00:00 (UTC), or 90s, 15m, 2d ago.")
]


@app.command()
def search(
    wamid: Annotated[str, typer.Option(help="Only about this message.")] = "",
    customer: Annotated[str, typer.Option(help="Only of this customer.")] = "",
    type_: Annotated[list[str] | None, typer.Option("--type", help="Only of this type; may be repeated.")] = None,
    kind: Annotated[str, typer.Option(help="Only of this kind: message, status or unknown.")] = "",
    status: Annotated[str, typer.Option(help="Messages of yours that came so far and no further: sent, read …")] = "",
    text: Annotated[str, typer.Option(help="Only messages with this text in them.")] = "",
    number: Annotated[str, typer.Option(help="Only of this business number of yours.")] = "",
    since: _Time = "",
    until: _Time = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The newest so many.")] = 50,
    show_numbers: _Numbers = False,
    json: _Json = False,
) -> None:
    """Search events, the newest first. All filters must hold.

    Examples:

    - `sluice events search --status failed --since 2d`
    - `sluice events search --text "where is my order"`
    - `sluice events search --customer 919800000001 --json`
    """
    unknown = [name for name in type_ or () if name not in TYPES]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is no event type; {', '.join(sorted(TYPES))} are")
    if kind not in ("", "message", "status", "unknown"):
        raise typer.BadParameter(f"{kind!r} is no kind; message, status and unknown are")
    wanted = EventFilter(
        wamid or None,
        as_phone(customer) if customer else None,
        tuple(type_ or ()),
        kind or None,
        status or None,
        text or None,
        as_phone(number) if number else None,
        _time(since),
        _time(until),
    )
    with _reading() as connection:
        found = _all(connection, wanted, limit)
    if json:
        print_json([event._asdict() for event in found])
    elif not found:
        typer.echo("No event is like that. `sluice status` tells whether some still wait to be handled.")
    else:
        console().print(events.table(found, str if show_numbers else mask_phone_numbers))


@app.command()
def show(
    key: Annotated[str, typer.Argument(metavar="KEY", help="As `sluice events search` names it, masked or whole.")],
    show_numbers: _Numbers = False,
    json: _Json = False,
) -> None:
    """Show one event whole: its rows, what became of it, and where it waits or died.

    Examples:

    - `sluice events show m:text:wamid.HBgM…`
    """
    with _reading() as connection:
        whole = find_by_masked_key(connection, key, mask_phone_numbers) if "…" in key else key
        known = event_details(connection, whole) if whole else None
    if known is None:
        fail(f"there is no event {key}, or several; `sluice events search --json` names those there are")
    steps = _steps(known)
    if json:
        related = [event._asdict() for event in known.related]
        print_json(known._asdict() | {"related": related, "life": _plain(steps)})
        return
    for line in events.lines(known, steps):
        typer.echo(line if show_numbers else mask_phone_numbers(line))


@contextmanager
def _reading() -> Iterator[Connection]:
    address = settings().database
    if address is None:
        fail("there is no event store: SLUICE_DATABASE_URL is none")
    store = Store(address)
    try:
        with store.reading() as connection:
            yield connection
    except StoreUnavailable as error:
        fail(str(error), UNAVAILABLE)
    finally:
        store.close()


def _all(connection: Connection, wanted: EventFilter, limit: int) -> list[EventSummary]:
    """Also where the store looks at so many events at a time only."""
    found: list[EventSummary] = []
    before = None
    while len(found) < limit:
        page = search_events(connection, wanted, before=before, limit=min(limit - len(found), _AT_ONCE))
        found += page.events
        before = page.older
        if before is None:
            break
    return found


def _steps(known: EventDetails) -> list[HistoryStep] | None:
    try:
        with connect(settings().redis, retries=0) as client:
            return event_history(client, known)
    except (RedisError, InvalidSettings):
        return None


def _plain(steps: list[HistoryStep] | None) -> list[dict[str, object]] | None:
    if steps is None:
        return None
    return [{"at": step.at, "what": step.what, "about": step.about, "bad": step.is_problem} for step in steps]


def _time(given: str) -> datetime | None:
    """A time, or an age before now. Raises BadParameter."""
    if not given:
        return None
    for form in _FORMATS:
        with suppress(ValueError):
            return datetime.strptime(given, form).replace(tzinfo=UTC)
    try:
        return datetime.now(UTC) - timedelta(milliseconds=parse_age(given))
    except (typer.BadParameter, OverflowError):
        forms = "2026-01-31, 2026-01-31T08:00:00 (UTC), 90s, 15m, 6h or 2d"
        raise typer.BadParameter(f"{given!r} is neither a time nor an age: {forms} are") from None


_WIDTH = 18  # of names, at least


def table(found: list[EventSummary], shown: Callable[[str], str]) -> Table:
    """What was found, a row each; `shown` makes of a cell what may be shown of it."""
    table = Table(box=None, pad_edge=False)
    table.add_column("event", overflow="fold", no_wrap=True)  # whole, since it is what `show` is given
    for heading in ("happened", "type", "customer", "came to", "text"):
        table.add_column(heading, overflow="fold")
    for event in found:
        row = (event.key, _instant(event.occurred_at), event.type, event.customer, event.status, event.text)
        table.add_row(
            *[Text(shown(escape_control_chars(cell or ""))) for cell in row]
        )  # as Text: brackets in it are no markup
    return table


def lines(known: EventDetails, steps: list[HistoryStep] | None) -> Iterator[str]:
    """One event whole. No stranger's text can look like a line of ours. `steps`: None where Redis does not say."""
    named = (("event", known.event), ("message", known.message), ("media", known.media), ("customer", known.customer))
    for name, row in (*named, *(("delivery", row) for row in known.deliveries)):
        if row is not None:
            yield f"{name}:"
            yield from _columns((column, value) for column, value in row.items() if value is not None)
    if known.related:
        yield "of the same message:"
        yield from _columns((event.type, f"{_instant(event.occurred_at)} {event.key}") for event in known.related)
    if steps is None:
        yield "life: Redis does not answer, so whether it waits or died in a lane is not known"
    else:
        yield "life:"
        yield from _columns((step.what, _about(step)) for step in steps)


def _columns(values: Iterable[tuple[str, object]]) -> Iterator[str]:
    found = list(values)
    width = max([_WIDTH, *[len(name) + 1 for name, _ in found]])
    for name, value in found:
        shown = _instant(value) if isinstance(value, datetime) else escape_control_chars(str(value))
        yield f"  {name:<{width}}{shown}"


def _about(step: HistoryStep) -> str:
    return " ".join(filter(None, (_instant(step.at) if step.at else "", step.about)))


def _instant(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="seconds").removesuffix("+00:00")
