"""What becomes of it: lanes, workers, the media API. Pure."""

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

#: Each is told from the beginning, as 0.
_OUTCOMES = ("done", "retry", "dead", "back")
_EVENTS = {"added": "added", "duplicate": "duplicates"}
_ACTIONS = ("replayed", "discarded", "restored")
_MEDIA = ("200", "401", "403", "none")
_SILENT = "silent"
_WELL = (worker_status.LISTENING, worker_status.FULL)
_STATES = (worker_status.STARTING, *_WELL, worker_status.STALLED, worker_status.ENDING, worker_status.STOPPING, _SILENT)


def add_handling_metrics(sheet: MetricsCollector, look: Snapshot, figures: Counters) -> None:
    """All of it."""
    sheet.add(metrics.LAG, look.lag_ms / 1000)
    for lane in look.lanes:
        _add_lane_status(sheet, lane)
        _add_lane_counters(sheet, lane.lane, figures.lanes[lane.lane])
    _add_workers(sheet, look)
    for status, count in (dict.fromkeys(_MEDIA, 0) | figures.media_responses).items():
        sheet.add(metrics.MEDIA_ANSWERS, count, status)
    sheet.add(metrics.MEDIA_BREAKER, figures.media_held_until_ms > figures.now_ms)


def _add_lane_status(sheet: MetricsCollector, status: LaneStatus) -> None:
    lane, handler = status.lane, handler_name(status.lane)
    sheet.add_info(metrics.LANE, lane, status.queue, lane.removesuffix(f".{handler}") if handler else "", handler)
    sheet.add(metrics.LANE_WAITING, status.waiting, lane)
    sheet.add(metrics.LANE_IN_FLIGHT, status.in_flight, lane)
    sheet.add(metrics.LANE_SUSPECTS, status.suspects, lane)
    sheet.add(metrics.LANE_OLDEST, max(status.oldest_ms or 0, 0) / 1000, lane)
    sheet.add(metrics.LANE_RETRIES, status.retries, lane)
    if status.next_retry_ms is not None:
        sheet.add(metrics.LANE_NEXT_RETRY, status.next_retry_ms / 1000, lane)
    sheet.add(metrics.LANE_DEAD, status.dead, lane)
    sheet.add(metrics.LANE_PAUSED, status.paused, lane)
    sheet.add(metrics.LANE_BREAKER, status.breaker is not None, lane)


def _add_lane_counters(sheet: MetricsCollector, lane: str, figures: LaneCounters) -> None:
    counts = figures.counts
    sheet.add(metrics.LANE_ENTERED, counts.get("entered", 0), lane)
    for outcome in _OUTCOMES:
        sheet.add(metrics.LANE_OUTCOMES, counts.get(outcome, 0), lane, outcome)
    for action in _ACTIONS:
        sheet.add(metrics.LETTERS, counts.get(action, 0), lane, action)
    sheet.add(metrics.LANE_ORPHANED, counts.get("orphaned", 0), lane)
    sheet.add(metrics.LANE_OPENINGS, counts.get("opened", 0), lane)
    sheet.add(metrics.EVENT_LAG, histogram.read(figures.timings, LAG, metrics.LAG_SECONDS), lane)
    if is_handler_lane(lane):
        sheet.add(metrics.CALLS, histogram.read(figures.timings, CALL, metrics.CALL_SECONDS), lane)
        return
    for result, counted in _EVENTS.items():
        sheet.add(metrics.LANE_EVENTS, counts.get(counted, 0), lane, result)


def _add_workers(sheet: MetricsCollector, look: Snapshot) -> None:
    states = Counter(map(_state, look.workers))
    for state in _STATES:
        sheet.add(metrics.WORKERS, states[state], state)
    well = [worker for worker in look.workers if _state(worker) in _WELL]
    taking = Counter(queue for worker in well for queue in worker.report.queues)
    for queue in sorted({lane.queue for lane in look.lanes if lane.queue}):
        sheet.add(metrics.QUEUE_WORKERS, taking[queue], queue)
    sheet.add(metrics.SLOTS, sum(worker.report.slots for worker in well))
    sheet.add(metrics.SLOTS_BUSY, sum(worker.report.running for worker in well))


def _state(worker: WorkerStatus) -> str:
    return _SILENT if worker.age >= REPORT_TIMEOUT else worker.report.state
