"""Replay: events of the event store go into their handlers' lanes again, past the dedupe, at a bounded rate."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from itertools import islice
from typing import Any

import redis

from workers.events import MediaMetadata
from workers.lanes import Lanes
from workers.lanes.reader import LaneReader
from workers.parsing import RawEvent
from workers.runtime.event_entry import REPLAYED, EventEntry, encode_entry
from workers.store.read.replay import StoredEvent

#: Events in a lane, beyond which nothing more is put into it for now.
MAX_WAITING = 5000
_BATCH_SIZE = 200
_BACKLOG_CHECK_INTERVAL = 0.2  # seconds between two looks whether there is room again
_BOOKMARK_TTL = 7 * 86_400  # seconds that an interrupted replay can be taken up again


class ReplayBookmark:
    """How far a replay has come, so that an interrupted one goes on where it stopped."""

    def __init__(self, client: redis.Redis, *wanted: object) -> None:
        self._client = client
        self._key = f"sluice:replay:{sha256(repr(wanted).encode()).hexdigest()[:16]}"

    def read(self) -> str:
        """The last key replayed; empty at the beginning."""
        found: Any = self._client.get(self._key)
        return found.decode() if found else ""

    def write(self, key: str) -> None:
        """Everything up to this key is in its lanes."""
        self._client.set(self._key, key, ex=_BOOKMARK_TTL)

    def remove(self) -> None:
        """The replay is complete."""
        self._client.delete(self._key)


def lanes_for(client: redis.Redis, handler: str) -> dict[str, list[str]]:
    """Handlers' lanes by event type; `handler` names one function (`greet`) or lane (`text.greet`), empty: all."""
    found: dict[str, list[str]] = {}
    for lane in LaneReader(client).lanes():
        kind, dot, name = lane.partition(".")
        if dot and kind != "intake" and handler in ("", name, lane):
            found.setdefault(kind, []).append(lane)
    return found


def replay(
    lanes: Lanes,
    events: Iterable[StoredEvent],
    targets: dict[str, list[str]],
    bookmark: ReplayBookmark,
    *,
    rate: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[int]:
    """Pushes the events, at most `rate` a second; yields how many were pushed after every few hundred.

    Rests while MOST_WAITING events wait in a lane: new ones must not wait behind hours of old ones, nor Redis fill.
    """
    began, done, reader = clock(), 0, LaneReader(lanes.client)
    for batch in _batches(events):
        by_lane: dict[str, list[bytes]] = {}
        for event in batch:
            for lane in targets.get(event.type, ()):
                by_lane.setdefault(lane, []).append(encode_entry(entry(event)))
        for lane, entries in by_lane.items():
            while reader.unsettled(lane) > MAX_WAITING:
                sleep(_BACKLOG_CHECK_INTERVAL)
            lanes.push(lane, entries)
        bookmark.write(batch[-1].key)
        done += len(batch)
        yield done
        sleep(max(0.0, began + done / rate - clock()))
    bookmark.remove()


def entry(event: StoredEvent) -> EventEntry:
    """The lane entry of a stored event, as classification made it; without the contact, which is not stored."""
    item = RawEvent(event.kind, event.type, event.key, json.loads(event.payload), None, event.business_number)  # type: ignore[arg-type]
    metadata = None
    if event.media is not None:
        item.media_id = event.media["id"]
        known = ("id", "url", "mime_type", "sha256", "file_size", "fetched_at", "error")
        metadata = MediaMetadata(**{name: event.media[name] for name in known})
    return EventEntry(item, REPLAYED, int(event.received_at.timestamp() * 1000), metadata)


def _batches(events: Iterable[StoredEvent]) -> Iterator[list[StoredEvent]]:
    source = iter(events)
    while batch := list(islice(source, _BATCH_SIZE)):
        yield batch
