"""Events to write, and helpers to read the tables."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from workers.events import Event, ImageMessage, StatusUpdate, TextMessage
from workers.store import Store
from workers.store.schema import tables
from workers.store.write.rows import rows_of

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """Return the time `seconds` after START."""
    return START + timedelta(seconds=seconds)


def status(word: str = "sent", seconds: float = 0, wamid: str | None = "wamid.1", **fields: Any) -> StatusUpdate:
    recipient = fields.pop("recipient", "919999999999")
    values: dict[str, Any] = {
        "key": f"{wamid}:{word}:{recipient}",
        "kind": "status",
        "type": word,
        "status": word,
        "raw": {"id": wamid, "status": word},
        "occurred_at": at(seconds),
        "received_at": at(seconds + 1),
        "receipt": "00",
    }
    return StatusUpdate(**(values | fields), wamid=wamid, recipient=recipient)


def message_fields(kind_of: str, seconds: float = 0, wamid: str | None = "wamid.1", **fields: Any) -> dict[str, Any]:
    return {
        "key": f"{wamid}",
        "kind": "message",
        "type": kind_of,
        "raw": {"id": wamid, "type": kind_of},
        "occurred_at": at(seconds),
        "received_at": at(seconds + 1),
        "receipt": "00",
        "wamid": wamid,
        "customer": "918888888888",
    } | fields


def text_message(text: str | None = "hello", seconds: float = 0, **fields: Any) -> TextMessage:
    return TextMessage(text=text, **message_fields("text", seconds, **fields))


def image(seconds: float = 0, **fields: Any) -> ImageMessage:
    return ImageMessage(**message_fields("image", seconds, **({"media_id": "m1"} | fields)))


def contents(store: Store) -> Mapping[str, list[dict[str, Any]]]:
    """Return all rows of all tables, by table, as mappings."""
    found = {}
    with store.reading() as connection:
        for table in tables.metadata.sorted_tables:
            query = select(table).order_by(*table.primary_key)
            found[table.name] = [dict(row) for row in connection.execute(query).mappings()]
    return found


def only(store: Store, table: str) -> dict[str, Any]:
    """Return the only row of a table."""
    (row,) = contents(store)[table]
    return row


def empty(store: Store) -> None:
    """Delete all rows."""
    with store.writing() as connection:
        for table in tables.metadata.sorted_tables:
            connection.execute(delete(table))


def written(store: Store, *batches: list[Event]) -> Mapping[str, list[dict[str, Any]]]:
    """Return the contents of an empty store after writing these batches."""
    empty(store)
    for batch in batches:
        store.write(batch)
    return contents(store)


def run_concurrently(*tasks: Callable[[], None]) -> None:
    """Run each task in its own thread, started together; raise the first error."""
    gate = threading.Barrier(len(tasks))

    def run(task: Callable[[], None]) -> None:
        gate.wait()
        task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        for future in [pool.submit(run, task) for task in tasks]:
            future.result()


def row(table: str, *events: Event) -> dict[str, Any]:
    """Return the only row of a table that these events lead to, by column."""
    (values,) = getattr(rows_of(events), table)
    columns = [column.name for column in tables.metadata.tables[table].columns]
    return dict(zip(columns, values, strict=True))


def counts(*events: Event) -> dict[str, int]:
    return {table: len(found) for table, found in rows_of(events)._asdict().items() if found}
