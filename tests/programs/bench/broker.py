"""The Redis of a measurement: durable as in production, and on cores that are chosen."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from redis import Redis

from shared.redis.connection import connect
from tests.programs.bench.machine import pin, server_pid
from tests.support.valkey import valkey


class Broker(NamedTuple):
    """A server that runs."""

    url: str
    client: Redis
    pid: int


@contextmanager
def broker(cores: str) -> Iterator[Broker]:
    """A Valkey with `appendfsync always`, which rewrites its log as deploy/redis.conf has it rewritten."""
    with (
        valkey(appendonly="yes", appendfsync="always", save="", auto_aof_rewrite_min_size="256mb") as url,
        connect(url) as client,
    ):
        pid = server_pid(client)
        pin(pid, cores)
        yield Broker(url, client, pid)
