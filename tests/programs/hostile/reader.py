"""The other end: takes what was accepted out of Redis, and classifies it as a worker would. A process of its own."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.sharedctypes import Synchronized
from typing import Any, NamedTuple
from zlib import crc32

import redis

from shared.wire.receipt import unpack
from workers.events import TYPES
from workers.lanes import Completed, TakenEntry, TakeTimings
from workers.runtime.event_entry import build_event
from workers.runtime.event_entry import decode_entry as unpack_entry
from workers.runtime.steps.classify import ClassifyStep

_LANES = ("intake", "intake.statuses", "intake.large")
_BATCH_SIZE = 200


class Found(NamedTuple):
    """What came out of Redis."""

    receipts: int
    checksum: int  # the sum of all bodies' checksums: what the sender's must be
    classified: int
    events: int
    faults: list[str]  # what classification did that it must never do


@contextmanager
def reading(url: str, every: int) -> Iterator["Reader"]:
    """Read meanwhile, and classify one of `every` bodies."""
    context = multiprocessing.get_context("spawn")
    reader = Reader(context.Value("q", 0), context.Event(), context.Queue())
    process = context.Process(target=_read, args=(url, every, reader.read, reader.stopped, reader.found), daemon=True)
    process.start()
    try:
        yield reader
    finally:
        process.terminate()
        process.join()


class Reader(NamedTuple):
    """How far it is, and what it found."""

    read: "Synchronized[int]"
    stopped: Any
    found: Any

    def finish(self) -> Found:
        """What it found once nothing is left."""
        self.stopped.set()
        found: Found = self.found.get(timeout=120)
        return found


def _read(url: str, every: int, read: "Synchronized[int]", stopped: Any, queue: Any) -> None:
    work = ClassifyStep(dict.fromkeys(TYPES, ("a.lane",)), "media")
    receipts = checksum = classified = events = 0
    faults: list[str] = []
    with redis.Redis.from_url(url) as client:
        while True:
            was_stopped = stopped.is_set()
            taken = [pair for lane in _LANES for pair in _taken(client, lane)]
            for data in taken:
                receipts += 1
                checksum += crc32(unpack(data).body)
                if receipts % every == 0:
                    classified += 1
                    events += _classified(work, data, faults)
            read.value = receipts
            if not taken:
                if was_stopped:
                    break
                stopped.wait(0.02)
    queue.put(Found(receipts, checksum, classified, events, faults))


def _taken(client: redis.Redis, lane: str) -> list[bytes]:
    entries: Any = client.xrange(f"sluice:lane:{lane}", count=_BATCH_SIZE)
    if entries:
        client.xdel(f"sluice:lane:{lane}", *[identity for identity, _ in entries])
    return [fields[b"d"] for _, fields in entries]


def _classified(work: ClassifyStep, data: bytes, faults: list[str]) -> int:
    """How many events it became; each is read as a handler gets it."""
    [(_, verdict)] = work.run([TakenEntry(b"1-0", data, 0)], lambda: False, TakeTimings())
    if not isinstance(verdict, Completed) or not verdict.follow_ups:
        faults.append(f"{verdict!r:.500} of {data[22:300]!r}")
        return 0
    for following in verdict.follow_ups:
        try:
            event = build_event(unpack_entry(following.data), 1)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            faults.append(f"{error!r:.500} of {following.data[:300]!r}")
            continue
        if event.type not in TYPES or not event.key or event.received_at < datetime(2020, 1, 1, tzinfo=UTC):
            faults.append(f"{event!r:.500}")
    return len(verdict.follow_ups)
