"""What is there: rows, dead letters, the lanes' counts and the handlers' notes."""

from pathlib import Path
from typing import Any

import redis

from tests.programs.chaos.databases import Database
from tests.programs.chaos.expected import Key, Row, width
from tests.programs.chaos.notes import noted
from tests.programs.chaos.verification import Found, Letter
from workers.lanes.status import lane_statuses
from workers.runtime.event_entry import InvalidEntry, decode_entry
from workers.store.schema.tables import metadata

Counts = dict[str, dict[str, int]]


def read(database: Database, client: redis.Redis, notes: Path, before: Counts) -> Found:
    """All of it, once all is quiet. `before`: the lanes' counts when the stretch began."""
    tables = {name: _by_key(name, database.rows(name)) for name in metadata.tables}
    now = counts(client)
    added = sum(_since(lane, "added", now, before) for lane in now if lane.startswith("intake"))
    ended = {lane: _since(lane, "done", now, before) + _since(lane, "dead", now, before) for lane in now if "." in lane}
    return Found(
        tables,
        letters(client),
        {lane: times for lane, times in ended.items() if not lane.startswith("intake")},
        added,
        noted(notes),
    )


def counts(client: redis.Redis) -> Counts:
    """What ever happened in each lane."""
    return {status.lane: status.counts for status in lane_statuses(client)}


def letters(client: redis.Redis) -> list[Letter]:
    """All dead letters."""
    found = []
    for lane in counts(client):
        entries: Any = client.xrange(f"sluice:lane:{lane}:dead")
        found += [Letter(lane, _key(fields[b"d"]), fields[b"why"].decode()) for _, fields in entries]
    return found


def forget_letters(client: redis.Redis) -> None:
    """Deletes all dead letters."""
    for lane in counts(client):
        client.delete(f"sluice:lane:{lane}:dead")


def _key(data: bytes) -> str:
    try:
        return decode_entry(data).raw_event.key
    except InvalidEntry:
        return repr(data[:80])


def _since(lane: str, what: str, now: Counts, before: Counts) -> int:
    return now[lane].get(what, 0) - before.get(lane, {}).get(what, 0)


def _by_key(table: str, rows: list[Row]) -> dict[Key, Row]:
    wide = width(table)
    return {row[:wide]: row for row in rows}
