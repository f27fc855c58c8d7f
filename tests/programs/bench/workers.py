"""Sluice's workers as the bench starts them, and what they have done so far as the lanes count it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import orjson
from redis import Redis

from shared.lanes.intake import lane_of
from shared.wire.receipt import ReceiptWriter
from tests.programs.bench.context import ALL_CORES
from tests.programs.bench.machine import Process, running
from tests.programs.bench.servers import sluice
from tests.support.programs import program
from workers.lanes import Lanes
from workers.lanes.keys import LANES_KEY, stream_key

_GROUP = 64  # webhooks in one push, as from 64 connections


@contextmanager
def workers(
    redis_url: str, database: str, folder: Path, *options: str, cores: str = ALL_CORES, handlers: str = "", **extra: str
) -> Iterator[Process]:
    """One Celery worker with all queues; by default two processes."""
    settings = sluice(redis_url, database, folder / "data") | ({"SLUICE_HANDLERS": handlers} if handlers else {})
    chosen = options or ("-c", "2")
    command = [program("celery"), "--quiet", "-A", "workers", "worker", *chosen, "--without-mingle", "--without-gossip"]
    with running(command, cores, settings | extra, folder / "worker.log") as process:
        yield process


class Done:
    """Counts what is settled, lane by lane: exact, and next to nothing for Redis to answer."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    def in_lanes(self, *beginnings: str, ends: str = "") -> int:
        """Entries done in the lanes whose names begin so and end so."""
        known = self._client.smembers(LANES_KEY)  # each time: workers make them known one by one
        assert isinstance(known, set)
        pipe = self._client.pipeline(transaction=False)
        for lane in sorted(lane.decode() for lane in known if isinstance(lane, bytes)):
            if lane.startswith(beginnings) and lane.endswith(ends):
                pipe.hget(f"{stream_key(lane)}:counts", "done")
        return sum(int(count or 0) for count in pipe.execute())

    def classified(self) -> int:
        """Webhooks."""
        return self.in_lanes("intake")

    def stored(self) -> int:
        """Events."""
        return self.in_lanes("", ends=".store")


def push(lanes: Lanes, bodies: Sequence[bytes]) -> None:
    """Into the intake lanes, as the ingress does it."""
    writer = ReceiptWriter()
    groups: dict[str, list[bytes]] = {}
    for number, body in enumerate(bodies):
        group = groups.setdefault(lane_of(orjson.loads(body), len(body)), [])
        group.append(writer.pack(body, 1_700_000_000_000 + number)[1])
        if len(group) == _GROUP:
            _push(lanes, groups)
    _push(lanes, groups)


def _push(lanes: Lanes, groups: dict[str, list[bytes]]) -> None:
    for lane, receipts in groups.items():
        if receipts:
            lanes.push(lane, receipts)
    groups.clear()
