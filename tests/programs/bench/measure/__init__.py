"""One module a measurement: each has `measure(context) -> Measured`."""

from collections.abc import Callable, Mapping

from tests.programs.bench.context import Context
from tests.programs.bench.measure import (
    backlog,
    behind_statuses,
    depth,
    end_to_end,
    idle_latency,
    ingress_latency,
    ingress_memory,
    ingress_rate,
    processes,
    redis_cpu,
    redis_memory,
    slow_handlers,
    stages,
)
from tests.programs.bench.report import Measured

#: By the name that `--only` takes, in the order in which they are made.
MEASUREMENTS: Mapping[str, Callable[[Context], Measured]] = {
    "rate": ingress_rate.measure,
    "latency": ingress_latency.measure,
    "backlog": backlog.measure,
    "end-to-end": end_to_end.measure,
    "redis-cpu": redis_cpu.measure,
    "redis-memory": redis_memory.measure,
    "idle": idle_latency.measure,
    "behind-statuses": behind_statuses.measure,
    "slow-handlers": slow_handlers.measure,
    "depth": depth.measure,
    "processes": processes.measure,
    "stages": stages.measure,
    "memory": ingress_memory.measure,
}
