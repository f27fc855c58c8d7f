"""What comes in: answers, pushes, the processes of the ingress and their spools. Pure."""

from collections.abc import Mapping

from shared.observability import histogram, metrics
from shared.observability.metrics import Metric
from shared.wire import process_stats_fields as fields
from workers.operations.metrics.counters import Counters, RedisHash
from workers.operations.metrics.exposition import MetricsCollector
from workers.operations.monitoring.ingress_processes import IngressProcess, SpoolState
from workers.operations.monitoring.snapshot import Snapshot

#: Answers that are told from the beginning: a counter that begins with 1 has no increase that Prometheus could see.
_STATUSES = ("200", "400", "401", "403", "413", "500", "503")


def add_intake_metrics(sheet: MetricsCollector, look: Snapshot, figures: Counters) -> None:
    """All of it."""
    for status, count in (dict.fromkeys(_STATUSES, 0) | figures.responses).items():
        sheet.add(metrics.ANSWERS, count, status)
    sheet.add(metrics.SPOOLED, _number(figures.ingress, fields.SPOOLED))
    sheet.add(metrics.DRAINED, _number(figures.ingress, fields.DRAINED))
    _add_histograms(sheet, metrics.PUSHES, metrics.GROUPS, figures.ingress)
    sheet.add(metrics.INGRESSES, len(look.ingresses or ()))
    for ingress in look.ingresses or ():
        _add_process(sheet, ingress)
    for spool in look.spools:
        _add_spool(sheet, spool, look.at_ms)


def _add_process(sheet: MetricsCollector, ingress: IngressProcess) -> None:
    for field, count in ingress.fields.items():
        if status := fields.status_of(field.decode()):
            sheet.add(metrics.PROCESS_ANSWERS, int(count), ingress.id, status)
    sheet.add(metrics.PROCESS_SPOOLED, _number(ingress.fields, fields.SPOOLED), ingress.id)
    sheet.add(metrics.PROCESS_DRAINED, _number(ingress.fields, fields.DRAINED), ingress.id)
    lanes = ingress.fields.get(fields.OPEN_LANES.encode(), b"")
    sheet.add(metrics.PROCESS_SPOOLING, len(lanes.split(b",")) if lanes else 0, ingress.id)
    _add_histograms(sheet, metrics.PROCESS_PUSHES, metrics.PROCESS_GROUPS, ingress.fields, ingress.id)


def _add_histograms(sheet: MetricsCollector, pushes: Metric, groups: Metric, said: RedisHash, *labels: str) -> None:
    sheet.add(pushes, histogram.read(said, fields.PUSH_SECONDS, pushes.bounds), *labels)
    sheet.add(groups, histogram.read(said, fields.GROUP_SIZE, groups.bounds), *labels)


def _add_spool(sheet: MetricsCollector, spool: SpoolState, now_ms: int) -> None:
    sheet.add(metrics.SPOOL_BYTES, spool.bytes, spool.name)
    sheet.add(metrics.SPOOL_LIMIT, spool.limit, spool.name)
    sheet.add(metrics.SPOOL_SEGMENTS, spool.segments, spool.name)
    age = max(now_ms - spool.since_ms, 0) / 1000 if spool.since_ms else 0
    sheet.add(metrics.SPOOL_AGE, age, spool.name)
    sheet.add(metrics.SPOOL_TORN, spool.torn_bytes, spool.name)
    sheet.add(metrics.SPOOL_REFUSING, bool(spool.refusing), spool.name)


def _number(counters: Mapping[bytes, bytes], name: str) -> int:
    return int(counters.get(name.encode(), 0))
