"""The process statistics in Redis: key names and hash fields that the ingress writes and the console reads.

Each ingress process publishes a report every two seconds (ingress/process_stats.py and its Lua script). The console,
the doctor and the metrics read them (workers/operations/monitoring/ingress_processes.py, workers/operations/metrics).
"""

#: A sorted set: the processes, by the time of their last report in milliseconds since 1970.
PROCESSES_KEY = "sluice:ingresses"
#: A hash: responses to webhooks by HTTP status, summed over all processes that ever ran.
RESPONSES_KEY = "sluice:answers"
#: A hash: the other counters, summed over all processes that ever ran.
COUNTERS_KEY = "sluice:ingress"

# Fields of a process's report. They also hold the fields of the two histograms below.
AT_MS = "at_ms"  # time of the report, in milliseconds since 1970; written by the script
SPOOL = "spool"  # host:folder of the spool
SPOOL_LIMIT = "spool_limit"  # bytes that the folder may hold
SPOOL_BYTES = "spool_bytes"  # bytes in the folder, damaged ones included
SPOOL_SEGMENTS = "spool_segments"  # files that wait to be drained
SPOOL_SINCE_MS = "spool_since_ms"  # when the oldest segment was opened, in milliseconds since 1970; empty: none
SPOOL_TORN_BYTES = "spool_torn_bytes"  # bytes of damaged pieces that were set aside
OPEN_LANES = "open_lanes"  # lanes whose circuit breaker is open, separated by commas
REFUSING = "refusing"  # why the spool refuses webhooks; empty: it accepts them
SPOOLED = "spooled"  # counter: webhooks written to the spool
DRAINED = "drained"  # counter: webhooks moved from the spool to Redis

#: Names of the histograms (see shared/observability/histogram.py) of a push's duration and of its number of webhooks.
PUSH_SECONDS = "push_seconds"
GROUP_SIZE = "group_size"

_RESPONSES = "answers"


def process_key(process: str) -> str:
    """Return the key of the hash that holds the last report of a process."""
    return f"{COUNTERS_KEY}:{process}"


def responses_field(status: int) -> str:
    """Return the field that counts responses of that HTTP status."""
    return f"{_RESPONSES}:{status}"


def status_of(field: str) -> str:
    """Return the HTTP status that a field made by `responses_field` counts, or "" for any other field."""
    name, _, status = field.partition(":")
    return status if name == _RESPONSES else ""
