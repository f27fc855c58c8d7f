"""What a set of webhooks must lead to: the rows of every table, the handlers' runs, the dead letters. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from shared.wire import lenient_json
from workers.devtools.simulation import SimulatedWebhook
from workers.events import Event, MediaMetadata, TextMessage
from workers.parsing import RawEvent, split_webhook, to_event
from workers.store.schema.tables import metadata as tables
from workers.store.write.rows import rows_of

Key = tuple[Any, ...]
Row = tuple[Any, ...]

#: Handlers of tests.programs.chaos.handlers (besides the built-in `store`), by event type.
HANDLERS: Mapping[str, str] = {
    "text": "answer",
    "delivered": "count",
    "read": "count",
    "failed": "second_time",
    "image": "second_time",
    "location": "second_time",
    "reaction": "refuse",
}
#: What the dead letters of a text's order may be called. A hanging handler is interrupted, and raises.
DOOMED: Mapping[str, frozenset[str]] = {
    "chaos:exit": frozenset({"poison"}),
    "chaos:segv": frozenset({"poison"}),
    "chaos:deaf": frozenset({"poison"}),
    "chaos:hang": frozenset({"exhausted"}),
    "chaos:fail": frozenset({"exhausted"}),
    # MemoryError is an exception like others, unless what handles it runs out of memory too.
    "chaos:memory": frozenset({"exhausted", "poison"}),
}
#: Stands in a row for a value that no webhook determines, such as the time of its receipt.
ANY = "<any value>"
_TIMES = (datetime(2001, 1, 1, tzinfo=UTC), datetime(2002, 2, 2, tzinfo=UTC))


class Expected(NamedTuple):
    """`tables`: of each table its rows by primary key. `lanes`: of each handler's lane the keys of its events, and of
    these `dead`: what their dead letters may be called."""

    tables: dict[str, dict[Key, Row]]
    lanes: dict[str, frozenset[str]]
    dead: dict[tuple[str, str], frozenset[str]]


def expected(webhooks: Iterable[SimulatedWebhook]) -> Expected:
    """What they must lead to, once all is handled."""
    items = {item.key: item for webhook in webhooks for item in split_webhook(lenient_json.loads(webhook.body))}
    events = [_event(item, 0) for item in items.values()]
    lanes: dict[str, set[str]] = {}
    dead = {}
    for one in events:
        lanes.setdefault(f"{one.type}.store", set()).add(one.key)
        if one.type in HANDLERS:
            lane = f"{one.type}.{HANDLERS[one.type]}"
            lanes.setdefault(lane, set()).add(one.key)
            if reasons := _doom(one):
                dead[lane, one.key] = reasons
    return Expected(
        _tables(events, [_event(item, 1) for item in items.values()]),
        {lane: frozenset(keys) for lane, keys in lanes.items()},
        dead,
    )


def width(table: str) -> int:
    """Columns of the table's primary key, which come first."""
    return len(tables.tables[table].primary_key.columns)


def _event(item: RawEvent, variant: int) -> Event:
    about = None
    if item.media_id:  # as tests.support.media_answers answers
        digest = hashlib.sha256(item.media_id.encode()).hexdigest()
        url = f"https://media.example/{digest[:16]}"
        about = MediaMetadata(id=item.media_id, url=url, mime_type="image/jpeg", fetched_at=_TIMES[variant])
    return to_event(item, received_at=_TIMES[variant], receipt="", metadata=about)


def _doom(one: Event) -> frozenset[str] | None:
    if one.type == "reaction" and one.key.endswith("0"):
        return frozenset({"rejected"})
    return DOOMED.get((one.text or "").partition(" ")[0]) if isinstance(one, TextMessage) else None


def _tables(first: list[Event], second: list[Event]) -> dict[str, dict[Key, Row]]:
    # Where two times of receipt lead to two values, any value is right.
    made: dict[str, dict[Key, Row]] = {}
    for name, left, right in zip(rows_of([])._fields, rows_of(first), rows_of(second), strict=True):
        wide = width(name)
        made[name] = {
            one[:wide]: tuple(a if a == b else ANY for a, b in zip(one, other, strict=True))
            for one, other in zip(left, right, strict=True)
        }
    return made
