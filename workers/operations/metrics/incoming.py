"""What comes in: answers, pushes, the processes of the ingress and their spools. Pure."""

from collections.abc import Mapping

from shared.observability import histogram, metrics
from shared.observability.metrics import Metric
from shared.wire import process_stats_fields as fields
from workers.operations.metrics.counters import Counters, Hash
from workers.operations.metrics.exposition import MetricsCollector
from workers.operations.monitoring.ingress_processes import IngressProcess, SpoolState
from workers.operations.monitoring.snapshot import Snapshot

#: Answers that are told from the beginning: a counter that begins with 1 has no increase that Prometheus could see.
_STATUSES = ("200", "400", "401", "403", "413", "500", "503")


def write(sheet: MetricsCollector, look: Snapshot, figures: Counters) -> None:
    """All of it."""
    for status, count in (dict.fromkeys(_STATUSES, 0) | figures.answers).items():
        sheet.write(metrics.ANSWERS, count, status)
    sheet.write(metrics.SPOOLED, _number(figures.ingress, fields.SPOOLED))
    sheet.write(metrics.DRAINED, _number(figures.ingress, fields.DRAINED))
    _spreads(sheet, metrics.PUSHES, metrics.GROUPS, figures.ingress)
    sheet.write(metrics.INGRESSES, len(look.ingresses or ()))
    for ingress in look.ingresses or ():
        _process(sheet, ingress)
    for spool in look.spools:
        _spool(sheet, spool, look.at_ms)


def _process(sheet: MetricsCollector, ingress: IngressProcess) -> None:
    for field, count in ingress.said.items():
        if status := fields.status_of(field.decode()):
            sheet.write(metrics.PROCESS_ANSWERS, int(count), ingress.id, status)
    sheet.write(metrics.PROCESS_SPOOLED, _number(ingress.said, fields.SPOOLED), ingress.id)
    sheet.write(metrics.PROCESS_DRAINED, _number(ingress.said, fields.DRAINED), ingress.id)
    lanes = ingress.said.get(fields.OPEN_LANES.encode(), b"")
    sheet.write(metrics.PROCESS_SPOOLING, len(lanes.split(b",")) if lanes else 0, ingress.id)
    _spreads(sheet, metrics.PROCESS_PUSHES, metrics.PROCESS_GROUPS, ingress.said, ingress.id)


def _spreads(sheet: MetricsCollector, pushes: Metric, groups: Metric, said: Hash, *labels: str) -> None:
    sheet.write(pushes, histogram.read(said, fields.PUSH_SECONDS, pushes.bounds), *labels)
    sheet.write(groups, histogram.read(said, fields.GROUP_SIZE, groups.bounds), *labels)


def _spool(sheet: MetricsCollector, spool: SpoolState, now_ms: int) -> None:
    sheet.write(metrics.SPOOL_BYTES, spool.bytes, spool.name)
    sheet.write(metrics.SPOOL_LIMIT, spool.limit, spool.name)
    sheet.write(metrics.SPOOL_SEGMENTS, spool.segments, spool.name)
    age = max(now_ms - spool.since_ms, 0) / 1000 if spool.since_ms else 0
    sheet.write(metrics.SPOOL_AGE, age, spool.name)
    sheet.write(metrics.SPOOL_TORN, spool.torn_bytes, spool.name)
    sheet.write(metrics.SPOOL_REFUSING, bool(spool.refusing), spool.name)


def _number(counters: Mapping[bytes, bytes], name: str) -> int:
    return int(counters.get(name.encode(), 0))
