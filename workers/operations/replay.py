"""Replay stored events: push them into their handlers' lanes again, bypassing deduplication, at a limited rate."""

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

#: While a lane holds more entries than this, nothing more is replayed into it.
MAX_WAITING = 5000
BATCH_SIZE = 200
_BACKLOG_CHECK_INTERVAL = 0.2  # seconds
_BOOKMARK_TTL = 7 * 86_400  # seconds for which an interrupted replay can be continued
_MEDIA_FIELDS = ("id", "url", "mime_type", "sha256", "file_size", "fetched_at", "error")


class ReplayBookmark:
    """The position of a replay in Redis, so that an interrupted one continues where it stopped.

    `request`: what is replayed; the same request continues the same replay. Methods may raise RedisError.
    """

    def __init__(self, client: redis.Redis, *request: object) -> None:
        self._client = client
        self._key = f"sluice:replay:{sha256(repr(request).encode()).hexdigest()[:16]}"

    def read(self) -> str:
        """Return the key of the last event replayed, or an empty string at the beginning."""
        key: Any = self._client.get(self._key)
        return key.decode() if key else ""

    def write(self, key: str) -> None:
        """Record that all events up to this key have been replayed."""
        self._client.set(self._key, key, ex=_BOOKMARK_TTL)

    def remove(self) -> None:
        """Remove the bookmark, because the replay is complete."""
        self._client.delete(self._key)


def lanes_for(client: redis.Redis, handler: str) -> dict[str, list[str]]:
    """Return the handlers' lanes by event type. Raises RedisError.

    `handler`: only the lanes of this handler function (`greet`), or only this lane (`text.greet`); empty: all.
    """
    by_type: dict[str, list[str]] = {}
    for lane in LaneReader(client).lanes():
        event_type, dot, name = lane.partition(".")
        if dot and event_type != "intake" and handler in ("", name, lane):
            by_type.setdefault(event_type, []).append(lane)
    return by_type


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
    """Push the events, at most `rate` per second; yield the number pushed so far after each batch.

    `targets`: the lanes by event type. Waits while a lane holds more than MAX_WAITING entries: new events must not
    wait behind hours of old ones, nor may Redis fill up. Raises RedisError.
    """
    started, done, reader = clock(), 0, LaneReader(lanes.client)
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
        sleep(max(0.0, started + done / rate - clock()))
    bookmark.remove()


def entry(event: StoredEvent) -> EventEntry:
    """Return a stored event's lane entry as classification made it, but without the contact, which is not stored."""
    item = RawEvent(event.kind, event.type, event.key, json.loads(event.payload), None, event.business_number)  # type: ignore[arg-type]
    metadata = None
    if event.media is not None:
        item.media_id = event.media["id"]
        metadata = MediaMetadata(**{name: event.media[name] for name in _MEDIA_FIELDS})
    return EventEntry(item, REPLAYED, int(event.received_at.timestamp() * 1000), metadata)


def _batches(events: Iterable[StoredEvent]) -> Iterator[list[StoredEvent]]:
    source = iter(events)
    while batch := list(islice(source, BATCH_SIZE)):
        yield batch
