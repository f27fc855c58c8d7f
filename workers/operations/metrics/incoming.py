"""The metrics of the ingress: responses, pushes, its processes and their spools. Pure."""

from collections.abc import Mapping

from shared.observability import histogram, metrics
from shared.observability.metrics import Metric
from shared.wire import process_stats_fields as fields
from workers.operations.metrics.counters import Counters, RedisHash
from workers.operations.metrics.exposition import MetricsCollector
from workers.operations.monitoring.ingress_processes import IngressProcess, SpoolState
from workers.operations.monitoring.snapshot import Snapshot

#: Statuses reported from the start, as 0: Prometheus sees no increase in a counter that starts with 1.
_STATUSES = ("200", "400", "401", "403", "413", "500", "503")


def add_intake_metrics(collector: MetricsCollector, snapshot: Snapshot, counters: Counters) -> None:
    """Add the metrics of the ingress."""
    for status, count in (dict.fromkeys(_STATUSES, 0) | counters.responses).items():
        collector.add(metrics.ANSWERS, count, status)
    collector.add(metrics.SPOOLED, _number(counters.ingress, fields.SPOOLED))
    collector.add(metrics.DRAINED, _number(counters.ingress, fields.DRAINED))
    _add_histograms(collector, metrics.PUSHES, metrics.GROUPS, counters.ingress)
    collector.add(metrics.INGRESSES, len(snapshot.ingresses or ()))
    for process in snapshot.ingresses or ():
        _add_process(collector, process)
    for spool in snapshot.spools:
        _add_spool(collector, spool, snapshot.at_ms)


def _add_process(collector: MetricsCollector, process: IngressProcess) -> None:
    for field, count in process.fields.items():
        if status := fields.status_of(field.decode()):
            collector.add(metrics.PROCESS_ANSWERS, int(count), process.id, status)
    collector.add(metrics.PROCESS_SPOOLED, _number(process.fields, fields.SPOOLED), process.id)
    collector.add(metrics.PROCESS_DRAINED, _number(process.fields, fields.DRAINED), process.id)
    lanes = process.fields.get(fields.OPEN_LANES.encode(), b"")
    collector.add(metrics.PROCESS_SPOOLING, len(lanes.split(b",")) if lanes else 0, process.id)
    _add_histograms(collector, metrics.PROCESS_PUSHES, metrics.PROCESS_GROUPS, process.fields, process.id)


def _add_histograms(
    collector: MetricsCollector, pushes: Metric, groups: Metric, source: RedisHash, *labels: str
) -> None:
    collector.add(pushes, histogram.read(source, fields.PUSH_SECONDS, pushes.bounds), *labels)
    collector.add(groups, histogram.read(source, fields.GROUP_SIZE, groups.bounds), *labels)


def _add_spool(collector: MetricsCollector, spool: SpoolState, now_ms: int) -> None:
    collector.add(metrics.SPOOL_BYTES, spool.bytes, spool.name)
    collector.add(metrics.SPOOL_LIMIT, spool.limit, spool.name)
    collector.add(metrics.SPOOL_SEGMENTS, spool.segments, spool.name)
    age = max(now_ms - spool.since_ms, 0) / 1000 if spool.since_ms else 0
    collector.add(metrics.SPOOL_AGE, age, spool.name)
    collector.add(metrics.SPOOL_TORN, spool.torn_bytes, spool.name)
    collector.add(metrics.SPOOL_REFUSING, bool(spool.refusing), spool.name)


def _number(counters: Mapping[bytes, bytes], name: str) -> int:
    return int(counters.get(name.encode(), 0))
