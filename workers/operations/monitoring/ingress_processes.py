"""Read what the ingress processes report about themselves and their spools (written by ingress/process_stats.py)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import redis

from shared.wire import process_stats_fields as names


class SpoolState(NamedTuple):
    """The spool folder of one host, as the ingress processes there see it. Sizes in bytes."""

    name: str  # host:folder
    bytes: int = 0  # torn ones included
    segments: int = 0
    torn_bytes: int = 0
    limit: int = 0
    since_ms: int | None = None  # when the oldest waiting segment was begun, since 1970
    refusing: str = ""  # why the spool rejects webhooks; empty: it does not

    @property
    def waiting_bytes(self) -> int:
        """Return the size of the webhooks that will be moved to Redis."""
        return self.bytes - self.torn_bytes


class IngressProcess(NamedTuple):
    """The latest report of one ingress process."""

    id: str
    spool: SpoolState
    at_ms: int = 0  # when it reported, since 1970
    fields: dict[bytes, bytes] = {}  # all of the report, with counters since its start  # noqa: RUF012 - never changed


def ingress_processes(client: redis.Redis) -> list[IngressProcess] | None:
    """Return the running processes, or None if no ingress has ever reported. Raises RedisError."""
    ids: Any = client.zrange(names.PROCESSES_KEY, 0, -1)
    if not ids:
        return [] if client.exists(names.RESPONSES_KEY) else None
    pipe = client.pipeline(transaction=False)
    for process_id in ids:
        pipe.hgetall(names.process_key(process_id.decode()))
    reports = zip(ids, pipe.execute(), strict=True)
    return [_parse_report(process_id.decode(), report) for process_id, report in reports if report]


def spools(processes: Sequence[IngressProcess]) -> list[SpoolState]:
    """Return each spool once, as last reported; it refuses webhooks if it does so for any of its processes."""
    by_name: dict[str, SpoolState] = {}
    for process in sorted(processes, key=lambda process: process.at_ms):
        earlier = by_name.get(process.spool.name)
        refusing = process.spool.refusing or (earlier.refusing if earlier else "")
        by_name[process.spool.name] = process.spool._replace(refusing=refusing)
    return list(by_name.values())


def response_counts(client: redis.Redis) -> dict[str, int]:
    """Return the total of responses to webhooks, by HTTP status. Raises RedisError."""
    counts: Any = client.hgetall(names.RESPONSES_KEY)
    return {status.decode(): int(count) for status, count in counts.items()}


def _parse_report(process_id: str, report: dict[bytes, bytes]) -> IngressProcess:
    def number(field: str) -> int:
        return int(report.get(field.encode()) or 0)

    def text(field: str) -> str:
        return report.get(field.encode(), b"").decode("utf-8", "replace")

    spool = SpoolState(
        name=text(names.SPOOL) or process_id,
        bytes=number(names.SPOOL_BYTES),
        segments=number(names.SPOOL_SEGMENTS),
        torn_bytes=number(names.SPOOL_TORN_BYTES),
        limit=number(names.SPOOL_LIMIT),
        since_ms=number(names.SPOOL_SINCE_MS) or None,
        refusing=text(names.REFUSING),
    )
    return IngressProcess(process_id, spool, number(names.AT_MS), report)
