"""How `sluice events` prints what it found."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from rich.table import Table
from rich.text import Text

from shared.text import one_line
from workers.operations.event_history import Step
from workers.store.found import Found
from workers.store.read.event_detail import Details

_WIDTH = 18  # of names, at least


def table(found: list[Found], shown: Callable[[str], str]) -> Table:
    """What was found, a row each; `shown` makes of a cell what may be shown of it."""
    table = Table(box=None, pad_edge=False)
    table.add_column("event", overflow="fold", no_wrap=True)  # whole, since it is what `show` is given
    for heading in ("happened", "type", "customer", "came to", "text"):
        table.add_column(heading, overflow="fold")
    for event in found:
        row = (event.key, _instant(event.occurred_at), event.type, event.customer, event.status, event.text)
        table.add_row(*[Text(shown(one_line(cell or ""))) for cell in row])  # as Text: brackets in it are no markup
    return table


def lines(known: Details, steps: list[Step] | None) -> Iterator[str]:
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
        shown = _instant(value) if isinstance(value, datetime) else one_line(str(value))
        yield f"  {name:<{width}}{shown}"


def _about(step: Step) -> str:
    return " ".join(filter(None, (_instant(step.at) if step.at else "", step.about)))


def _instant(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="seconds").removesuffix("+00:00")
