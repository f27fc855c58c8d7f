"""Every metric, declared and described once. The console serves them at `/metrics` (workers/operations/metrics).

Those that count are kept in Redis where the work is done, so they know of no process's start or end. What is declared
here is also the table in docs/reference/metrics.md. Names and units: prometheus.io/docs/practices/naming.
"""

from enum import StrEnum
from functools import partial
from typing import NamedTuple


class Kind(StrEnum):
    """As Prometheus has them. An info is a gauge that is always 1: its labels tell."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


class Metric(NamedTuple):
    """One family. `bounds`: upper bounds of a histogram's buckets, +Inf aside."""

    kind: Kind
    name: str
    help: str
    labels: tuple[str, ...]
    bounds: tuple[float, ...]


def _declared(kind: Kind, name: str, text: str, *labels: str, bounds: tuple[float, ...] = ()) -> Metric:
    return Metric(kind, name, text, labels, bounds)


_counter, _gauge, _histogram, _info = (partial(_declared, kind) for kind in Kind)

#: Upper bounds: of a push's seconds, of a group's webhooks, of an event's lag and of a handler's call in seconds.
PUSH_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
GROUP_SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
LAG_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 21600.0)
CALL_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

# The whole.
BUILD = _info("sluice_build_info", "Version of the console that answers.", "version")
REDIS_UP = _gauge("sluice_redis_up", "Whether Redis answers the console. If not, hardly anything else is told.")
DATABASE_UP = _gauge("sluice_database_up", "Whether the event store answers the console. Absent if it is switched off.")
LOOK_AGE = _gauge("sluice_look_age_seconds", "Age of the look that the gauges are from; there is one every 2 s.")
LAG = _gauge("sluice_lag_seconds", "Age of the oldest event that is not handled, retries aside, the spool included.")

# What comes in: all ingress processes that ever were, together.
ANSWERS = _counter("sluice_webhook_answers_total", "Answers to webhooks by HTTP status.", "status")
SPOOLED = _counter("sluice_webhooks_spooled_total", "Webhooks that went to a spool, as Redis did not take them.")
DRAINED = _counter("sluice_webhooks_drained_total", "Webhooks that were moved from a spool to Redis.")
PUSHES = _histogram(
    "sluice_push_duration_seconds", "Time until a group of webhooks was durable or refused.", bounds=PUSH_SECONDS
)
GROUPS = _histogram("sluice_push_group_size", "Webhooks that shared one push.", bounds=GROUP_SIZES)

# What comes in, by process: those that live, each since its start.
INGRESSES = _gauge("sluice_ingress_processes", "Ingress processes that said a word within the last 15 s.")
PROCESS_ANSWERS = _counter(
    "sluice_ingress_process_answers_total", "Answers of one process to webhooks by HTTP status.", "process", "status"
)
PROCESS_SPOOLED = _counter("sluice_ingress_process_spooled_total", "Webhooks that the process spooled.", "process")
PROCESS_DRAINED = _counter(
    "sluice_ingress_process_drained_total", "Webhooks that the process moved to Redis.", "process"
)
PROCESS_SPOOLING = _gauge(
    "sluice_ingress_process_spooling_lanes", "Lanes that the process spools for, as Redis refused.", "process"
)
PROCESS_PUSHES = _histogram(
    "sluice_ingress_process_push_duration_seconds",
    "As sluice_push_duration_seconds, of one process.",
    "process",
    bounds=PUSH_SECONDS,
)
PROCESS_GROUPS = _histogram(
    "sluice_ingress_process_push_group_size",
    "As sluice_push_group_size, of one process.",
    "process",
    bounds=GROUP_SIZES,
)

# Spools: each belongs to a host and a folder, and is shared by the processes there.
SPOOL_BYTES = _gauge("sluice_spool_bytes", "Bytes in the spool, torn ones included.", "spool")
SPOOL_LIMIT = _gauge("sluice_spool_limit_bytes", "Bytes that the spool may hold.", "spool")
SPOOL_SEGMENTS = _gauge("sluice_spool_segments", "Files with webhooks that wait in the spool.", "spool")
SPOOL_AGE = _gauge("sluice_spool_oldest_age_seconds", "Age of the oldest webhook that waits in it; 0: none.", "spool")
SPOOL_TORN = _gauge("sluice_spool_torn_bytes", "Bytes of damaged pieces, set aside for a person.", "spool")
SPOOL_REFUSING = _gauge(
    "sluice_spool_refusing", "Whether the spool refuses webhooks; those that Redis refuses too get a 503.", "spool"
)

# Lanes.
LANE = _info(
    "sluice_lane_info",
    "A lane, its Celery queue, and of a handler's lane the event type and the handler.",
    "lane",
    "queue",
    "type",
    "handler",
)
LANE_WAITING = _gauge("sluice_lane_waiting", "Entries that nobody holds.", "lane")
LANE_IN_FLIGHT = _gauge("sluice_lane_in_flight", "Entries that a worker holds.", "lane")
LANE_SUSPECTS = _gauge("sluice_lane_suspects", "Waiting or held entries taken alone, as their holder died.", "lane")
LANE_OLDEST = _gauge("sluice_lane_oldest_age_seconds", "Age of the oldest waiting or held entry; 0: none.", "lane")
LANE_RETRIES = _gauge("sluice_lane_retries_waiting", "Entries that wait for the time of their next attempt.", "lane")
LANE_NEXT_RETRY = _gauge(
    "sluice_lane_next_retry_seconds", "Time until the next retry is due; negative: overdue. Absent: none.", "lane"
)
LANE_DEAD = _gauge("sluice_lane_dead_letters", "Dead letters that wait for a person's decision.", "lane")
LANE_PAUSED = _gauge("sluice_lane_paused", "Whether a person has paused the lane.", "lane")
LANE_BREAKER = _gauge(
    "sluice_lane_breaker_open", "Whether the handler fails for every event, and is left alone.", "lane"
)
LANE_ENTERED = _counter("sluice_lane_entered_total", "Entries that came into the lane, each counted once.", "lane")
LANE_OUTCOMES = _counter(
    "sluice_lane_outcomes_total",
    "How runs ended: done, retry, dead, or back (not begun, given back).",
    "lane",
    "outcome",
)
LANE_EVENTS = _counter(
    "sluice_lane_events_total", "Events that entries led to: added to further lanes, or duplicate.", "lane", "result"
)
LANE_ORPHANED = _counter("sluice_lane_orphaned_total", "Entries taken over, as their holder died or hung.", "lane")
LANE_OPENINGS = _counter("sluice_lane_breaker_openings_total", "How often the lane's breaker opened.", "lane")
LETTERS = _counter(
    "sluice_lane_dead_letter_actions_total", "Dead letters that were replayed, discarded or restored.", "lane", "action"
)
EVENT_LAG = _histogram(
    "sluice_event_lag_seconds",
    "Time from a webhook's receipt until an entry of it was done in the lane.",
    "lane",
    bounds=LAG_SECONDS,
)
CALLS = _histogram(
    "sluice_handler_duration_seconds",
    "Time that a call of the handler took, however it ended.",
    "lane",
    bounds=CALL_SECONDS,
)

# Workers.
WORKERS = _gauge(
    "sluice_workers", "Workers (main processes) by what they said last; silent: nothing for 10 s.", "state"
)
QUEUE_WORKERS = _gauge("sluice_queue_workers", "Workers that take messages from a queue that lanes need.", "queue")
SLOTS = _gauge("sluice_worker_slots", "Tasks that workers can run at a time, of those that take messages.")
SLOTS_BUSY = _gauge("sluice_worker_slots_busy", "Tasks that these workers run.")

# The media API.
MEDIA_ANSWERS = _counter(
    "sluice_media_answers_total", "Answers of the media API by HTTP status; none: no answer.", "status"
)
MEDIA_BREAKER = _gauge("sluice_media_breaker_open", "Whether the media API is left alone, as too many lookups failed.")

# Redis.
MEMORY_USED = _gauge("sluice_redis_memory_used_bytes", "Memory that Redis uses.")
MEMORY_LIMIT = _gauge("sluice_redis_memory_limit_bytes", "Memory that Redis may use; 0: there is no limit.")
NOEVICTION = _gauge("sluice_redis_noeviction", "Whether a full Redis refuses writes rather than throw data away.")
AOF = _gauge("sluice_redis_aof_enabled", "Whether Redis keeps a log on disk.")
AOF_WRITTEN = _gauge("sluice_redis_aof_last_write_ok", "Whether Redis' last write of that log went well.")
APPENDFSYNC = _gauge(
    "sluice_redis_appendfsync",
    "Whether always, everysec or no is the policy in force. Absent: Redis does not tell.",
    "policy",
)
REPLICAS = _gauge("sluice_redis_connected_replicas", "Replicas that are connected.")
UPTIME = _gauge("sluice_redis_uptime_seconds", "Time since Redis was started.")

ALL: tuple[Metric, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
