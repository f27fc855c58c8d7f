"""The metrics of the lanes, the workers and the media API. Pure."""

from collections import Counter

from shared.observability import histogram, metrics
from workers.lanes.reader import LaneCounters
from workers.lanes.status import LaneStatus
from workers.lanes.timings import CALL, LAG
from workers.operations.metrics.counters import Counters
from workers.operations.metrics.exposition import MetricsCollector
from workers.operations.monitoring.snapshot import Snapshot, is_handler_lane
from workers.runtime.lane_config import handler_name
from workers.runtime.liveness import worker_status
from workers.runtime.liveness.worker_status import REPORT_TIMEOUT, WorkerStatus

#: Label values reported from the start, as 0: Prometheus sees no increase in a counter that starts with 1.
_OUTCOMES = ("done", "retry", "dead", "back")
_FOLLOW_UPS = {"added": "added", "duplicate": "duplicates"}
_ACTIONS = ("replayed", "discarded", "restored")
_MEDIA_STATUSES = ("200", "401", "403", "none")
_SILENT = "silent"
_AVAILABLE = (worker_status.LISTENING, worker_status.FULL)
_UNAVAILABLE = (worker_status.STARTING, worker_status.STALLED, worker_status.ENDING, worker_status.STOPPING, _SILENT)


def add_handling_metrics(collector: MetricsCollector, snapshot: Snapshot, counters: Counters) -> None:
    """Add the metrics of the lanes, the workers and the media API."""
    collector.add(metrics.LAG, snapshot.lag_ms / 1000)
    for lane in snapshot.lanes:
        _add_lane_status(collector, lane)
        _add_lane_counters(collector, lane.lane, counters.lanes[lane.lane])
    _add_workers(collector, snapshot)
    for status, count in (dict.fromkeys(_MEDIA_STATUSES, 0) | counters.media_responses).items():
        collector.add(metrics.MEDIA_ANSWERS, count, status)
    collector.add(metrics.MEDIA_BREAKER, counters.media_held_until_ms > counters.now_ms)


def _add_lane_status(collector: MetricsCollector, status: LaneStatus) -> None:
    lane, handler = status.lane, handler_name(status.lane)
    collector.add_info(metrics.LANE, lane, status.queue, lane.removesuffix(f".{handler}") if handler else "", handler)
    collector.add(metrics.LANE_WAITING, status.waiting, lane)
    collector.add(metrics.LANE_IN_FLIGHT, status.in_flight, lane)
    collector.add(metrics.LANE_SUSPECTS, status.suspects, lane)
    collector.add(metrics.LANE_OLDEST, max(status.oldest_ms or 0, 0) / 1000, lane)
    collector.add(metrics.LANE_RETRIES, status.retries, lane)
    if status.next_retry_ms is not None:
        collector.add(metrics.LANE_NEXT_RETRY, status.next_retry_ms / 1000, lane)
    collector.add(metrics.LANE_DEAD, status.dead, lane)
    collector.add(metrics.LANE_PAUSED, status.paused, lane)
    collector.add(metrics.LANE_BREAKER, status.breaker is not None, lane)


def _add_lane_counters(collector: MetricsCollector, lane: str, counters: LaneCounters) -> None:
    counts = counters.counts
    collector.add(metrics.LANE_ENTERED, counts.get("entered", 0), lane)
    for outcome in _OUTCOMES:
        collector.add(metrics.LANE_OUTCOMES, counts.get(outcome, 0), lane, outcome)
    for action in _ACTIONS:
        collector.add(metrics.LETTERS, counts.get(action, 0), lane, action)
    collector.add(metrics.LANE_ORPHANED, counts.get("orphaned", 0), lane)
    collector.add(metrics.LANE_OPENINGS, counts.get("opened", 0), lane)
    collector.add(metrics.EVENT_LAG, histogram.read(counters.timings, LAG, metrics.LAG_SECONDS), lane)
    if is_handler_lane(lane):
        collector.add(metrics.CALLS, histogram.read(counters.timings, CALL, metrics.CALL_SECONDS), lane)
        return
    for result, name in _FOLLOW_UPS.items():
        collector.add(metrics.LANE_EVENTS, counts.get(name, 0), lane, result)


def _add_workers(collector: MetricsCollector, snapshot: Snapshot) -> None:
    states = Counter(map(_state, snapshot.workers))
    for state in (*_AVAILABLE, *_UNAVAILABLE):
        collector.add(metrics.WORKERS, states[state], state)
    available = [worker for worker in snapshot.workers if _state(worker) in _AVAILABLE]
    consumers = Counter(queue for worker in available for queue in worker.report.queues)
    for queue in sorted({lane.queue for lane in snapshot.lanes if lane.queue}):
        collector.add(metrics.QUEUE_WORKERS, consumers[queue], queue)
    collector.add(metrics.SLOTS, sum(worker.report.slots for worker in available))
    collector.add(metrics.SLOTS_BUSY, sum(worker.report.running for worker in available))


def _state(worker: WorkerStatus) -> str:
    return _SILENT if worker.age >= REPORT_TIMEOUT else worker.report.state
