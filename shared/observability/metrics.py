"""Every metric, declared and described once. The console serves them at `/metrics` (workers/operations/metrics).

Counters are kept in Redis, by the scripts that do the work, so that they survive the start and end of every process.
The table in docs/reference/metrics.md is generated from these declarations.

Names and units: prometheus.io/docs/practices/naming.
"""

from enum import StrEnum
from functools import partial
from typing import NamedTuple


class Kind(StrEnum):
    """The types of Prometheus. An info is a gauge that is always 1 and has its values as labels."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


class Metric(NamedTuple):
    """One metric family. `bounds` are the upper bounds of a histogram's buckets, without +Inf."""

    kind: Kind
    name: str
    help: str
    labels: tuple[str, ...]
    bounds: tuple[float, ...]


def _declared(kind: Kind, name: str, text: str, *labels: str, bounds: tuple[float, ...] = ()) -> Metric:
    return Metric(kind, name, text, labels, bounds)


_counter, _gauge, _histogram, _info = (partial(_declared, kind) for kind in Kind)

#: Upper bounds of the buckets: a push's duration, a group's webhooks, an event's lag and a handler call's duration.
PUSH_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
GROUP_SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
LAG_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 21600.0)
CALL_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

# The whole system.
BUILD = _info("sluice_build_info", "Version of the console that serves these metrics.", "version")
REDIS_UP = _gauge("sluice_redis_up", "Whether Redis replies to the console. If not, most other metrics are absent.")
DATABASE_UP = _gauge(
    "sluice_database_up", "Whether the event store replies to the console. Absent if it is switched off."
)
LOOK_AGE = _gauge("sluice_look_age_seconds", "Age of the snapshot behind the gauges; one is taken every 2 s.")
LAG = _gauge("sluice_lag_seconds", "Age of the oldest event not yet handled, including the spool but not retries.")

# The ingress: all processes that ever ran, together.
ANSWERS = _counter("sluice_webhook_answers_total", "Responses to webhooks by HTTP status.", "status")
SPOOLED = _counter("sluice_webhooks_spooled_total", "Webhooks written to a spool because Redis was unavailable.")
DRAINED = _counter("sluice_webhooks_drained_total", "Webhooks moved from a spool to Redis.")
PUSHES = _histogram(
    "sluice_push_duration_seconds", "Time until a group of webhooks was durable or refused.", bounds=PUSH_SECONDS
)
GROUPS = _histogram("sluice_push_group_size", "Webhooks per push.", bounds=GROUP_SIZES)

# The ingress by process: the running ones, each since its start.
INGRESSES = _gauge("sluice_ingress_processes", "Ingress processes that have reported within the last 15 s.")
PROCESS_ANSWERS = _counter(
    "sluice_ingress_process_answers_total", "Responses of one process to webhooks by HTTP status.", "process", "status"
)
PROCESS_SPOOLED = _counter(
    "sluice_ingress_process_spooled_total", "Webhooks that the process wrote to its spool.", "process"
)
PROCESS_DRAINED = _counter(
    "sluice_ingress_process_drained_total", "Webhooks that the process moved from the spool to Redis.", "process"
)
PROCESS_SPOOLING = _gauge(
    "sluice_ingress_process_spooling_lanes",
    "Lanes whose webhooks the process spools because Redis refused them.",
    "process",
)
PROCESS_PUSHES = _histogram(
    "sluice_ingress_process_push_duration_seconds",
    "Time until a group of webhooks of one process was durable or refused.",
    "process",
    bounds=PUSH_SECONDS,
)
PROCESS_GROUPS = _histogram(
    "sluice_ingress_process_push_group_size",
    "Webhooks per push of one process.",
    "process",
    bounds=GROUP_SIZES,
)

# Spools: each belongs to a host and a folder, and is shared by the processes that use it.
SPOOL_BYTES = _gauge("sluice_spool_bytes", "Bytes in the spool, including damaged ones.", "spool")
SPOOL_LIMIT = _gauge("sluice_spool_limit_bytes", "Maximum bytes in the spool.", "spool")
SPOOL_SEGMENTS = _gauge("sluice_spool_segments", "Files with webhooks waiting in the spool.", "spool")
SPOOL_AGE = _gauge(
    "sluice_spool_oldest_age_seconds", "Age of the oldest webhook waiting in the spool; 0: none.", "spool"
)
SPOOL_TORN = _gauge("sluice_spool_torn_bytes", "Bytes of damaged records that were set aside for a person.", "spool")
SPOOL_REFUSING = _gauge(
    "sluice_spool_refusing",
    "Whether the spool refuses webhooks; while Redis is unavailable too, senders get a 503.",
    "spool",
)

# Lanes.
LANE = _info(
    "sluice_lane_info",
    "A lane and its Celery queue; for a handler's lane also the event type and the handler.",
    "lane",
    "queue",
    "type",
    "handler",
)
LANE_WAITING = _gauge("sluice_lane_waiting", "Entries waiting to be taken.", "lane")
LANE_IN_FLIGHT = _gauge("sluice_lane_in_flight", "Entries held by a worker.", "lane")
LANE_SUSPECTS = _gauge(
    "sluice_lane_suspects", "Waiting or held entries that are taken alone because their holder died.", "lane"
)
LANE_OLDEST = _gauge("sluice_lane_oldest_age_seconds", "Age of the oldest waiting or held entry; 0: none.", "lane")
LANE_RETRIES = _gauge("sluice_lane_retries_waiting", "Entries waiting for their next attempt.", "lane")
LANE_NEXT_RETRY = _gauge(
    "sluice_lane_next_retry_seconds", "Time until the next retry is due; negative: overdue. Absent: none.", "lane"
)
LANE_DEAD = _gauge("sluice_lane_dead_letters", "Dead letters waiting for a person's decision.", "lane")
LANE_PAUSED = _gauge("sluice_lane_paused", "Whether a person has paused the lane.", "lane")
LANE_BREAKER = _gauge(
    "sluice_lane_breaker_open",
    "Whether the lane's circuit breaker is open because its handler fails for every event.",
    "lane",
)
LANE_ENTERED = _counter("sluice_lane_entered_total", "Entries that entered the lane, each counted once.", "lane")
LANE_OUTCOMES = _counter(
    "sluice_lane_outcomes_total",
    "Outcomes of runs: done, retry, dead, or back (released before it started).",
    "lane",
    "outcome",
)
LANE_EVENTS = _counter(
    "sluice_lane_events_total", "Events found in entries: added to further lanes, or duplicate.", "lane", "result"
)
LANE_ORPHANED = _counter("sluice_lane_orphaned_total", "Entries taken over because their holder died or hung.", "lane")
LANE_OPENINGS = _counter("sluice_lane_breaker_openings_total", "Times that the lane's circuit breaker opened.", "lane")
LETTERS = _counter(
    "sluice_lane_dead_letter_actions_total", "Dead letters that were replayed, discarded or restored.", "lane", "action"
)
EVENT_LAG = _histogram(
    "sluice_event_lag_seconds",
    "Time from the receipt of a webhook until an entry of it was done in the lane.",
    "lane",
    bounds=LAG_SECONDS,
)
CALLS = _histogram(
    "sluice_handler_duration_seconds",
    "Duration of handler calls, including failed ones.",
    "lane",
    bounds=CALL_SECONDS,
)

# Workers.
WORKERS = _gauge("sluice_workers", "Workers (main processes) by reported state; silent: no report for 10 s.", "state")
QUEUE_WORKERS = _gauge("sluice_queue_workers", "Workers that consume a queue that lanes need.", "queue")
SLOTS = _gauge("sluice_worker_slots", "Tasks that the consuming workers can run at the same time.")
SLOTS_BUSY = _gauge("sluice_worker_slots_busy", "Tasks that the consuming workers are running.")

# The media API.
MEDIA_ANSWERS = _counter(
    "sluice_media_answers_total", "Responses of the media API by HTTP status; none: no response.", "status"
)
MEDIA_BREAKER = _gauge(
    "sluice_media_breaker_open", "Whether the media API's circuit breaker is open because too many lookups failed."
)

# Redis.
MEMORY_USED = _gauge("sluice_redis_memory_used_bytes", "Memory used by Redis.")
MEMORY_LIMIT = _gauge("sluice_redis_memory_limit_bytes", "Maximum memory of Redis; 0: no limit.")
NOEVICTION = _gauge("sluice_redis_noeviction", "Whether a full Redis refuses writes instead of evicting data.")
AOF = _gauge("sluice_redis_aof_enabled", "Whether Redis's append-only file is enabled.")
AOF_WRITTEN = _gauge("sluice_redis_aof_last_write_ok", "Whether Redis's last write to its append-only file succeeded.")
APPENDFSYNC = _gauge(
    "sluice_redis_appendfsync",
    "The fsync policy in force: always, everysec or no. Absent if unknown.",
    "policy",
)
REPLICAS = _gauge("sluice_redis_connected_replicas", "Connected replicas.")
UPTIME = _gauge("sluice_redis_uptime_seconds", "Time since Redis started.")

ALL: tuple[Metric, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
