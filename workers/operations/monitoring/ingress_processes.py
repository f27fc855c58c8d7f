"""What the processes of the ingress say of themselves in Redis, and of their spools (ingress/process_stats.py)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import redis

from shared.wire import process_stats_fields as fields


class SpoolState(NamedTuple):
    """A folder of one host, as the processes there see it. Sizes in bytes."""

    name: str  # host:folder
    bytes: int = 0  # torn ones included
    segments: int = 0
    torn_bytes: int = 0
    limit: int = 0
    since_ms: int | None = None  # when the oldest that waits was begun, since 1970
    refusing: str = ""  # why it takes no webhooks; empty: it does

    @property
    def waiting_bytes(self) -> int:
        """Webhooks that are to be moved to Redis."""
        return self.bytes - self.torn_bytes


class IngressProcess(NamedTuple):
    """What one process said last."""

    id: str
    spool: SpoolState
    at_ms: int = 0  # when, since 1970
    fields: dict[bytes, bytes] = {}  # all of it, counts since its start included  # noqa: RUF012 - never changed


def ingress_processes(client: redis.Redis) -> list[IngressProcess] | None:
    """The living processes; None: no ingress ever said a word. Raises RedisError."""
    known: Any = client.zrange(fields.PROCESSES_KEY, 0, -1)
    if not known:
        return [] if client.exists(fields.RESPONSES_KEY) else None
    pipe = client.pipeline(transaction=False)
    for name in known:
        pipe.hgetall(fields.process_key(name.decode()))
    return [_ingress(name.decode(), said) for name, said in zip(known, pipe.execute(), strict=True) if said]


def spools(ingresses: Sequence[IngressProcess]) -> list[SpoolState]:
    """Each spool once, as its processes saw it last; it refuses if it does to any of them."""
    found: dict[str, SpoolState] = {}
    for ingress in sorted(ingresses, key=lambda each: each.at_ms):
        before = found.get(ingress.spool.name)
        refusing = ingress.spool.refusing or (before.refusing if before else "")
        found[ingress.spool.name] = ingress.spool._replace(refusing=refusing)
    return list(found.values())


def response_counts(client: redis.Redis) -> dict[str, int]:
    """All that were ever given, by HTTP status. Raises RedisError."""
    found: Any = client.hgetall(fields.RESPONSES_KEY)
    return {code.decode(): int(count) for code, count in found.items()}


def _ingress(name: str, said: dict[bytes, bytes]) -> IngressProcess:
    def number(field: str) -> int:
        return int(said.get(field.encode()) or 0)

    def text(field: str) -> str:
        return said.get(field.encode(), b"").decode("utf-8", "replace")

    spool = SpoolState(
        text(fields.SPOOL) or name,
        number(fields.SPOOL_BYTES),
        number(fields.SPOOL_SEGMENTS),
        number(fields.SPOOL_TORN_BYTES),
        number(fields.SPOOL_LIMIT),
        number(fields.SPOOL_SINCE_MS) or None,
        text(fields.REFUSING),
    )
    return IngressProcess(name, spool, number(fields.AT_MS), said)
