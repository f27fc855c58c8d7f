"""What an event costs Redis on its whole way, from POST to row."""

from statistics import median

from tests.programs.bench import rows
from tests.programs.bench.context import ALL_CORES, OTHER_CORE, SERVER_CORE, Context
from tests.programs.bench.machine import pin
from tests.programs.bench.report import Measured, Series
from tests.programs.bench.servers import SLUICE
from tests.programs.bench.whole_way import whole_way


def measure(context: Context) -> Measured:
    """Redis has a core of its own: what it tells of its commands is time by the clock, others' included."""
    with rows.connected(context.database) as connection:
        postmaster = rows.server_pid(connection)
    if postmaster:
        pin(postmaster, SERVER_CORE)  # with all the connections that it will serve
    try:
        ways = [
            whole_way(context, SLUICE, context.sizes.posts // 2, redis_cores=OTHER_CORE, cores=SERVER_CORE)
            for _ in range(context.sizes.long_rounds)
        ]
    finally:
        if postmaster:
            pin(postmaster, ALL_CORES)
    commands, process = [way.commands_us for way in ways], [way.redis_us for way in ways]
    return Measured(
        "Redis' part in the whole way of an event, mixed webhooks at full rate, all else on the other core",
        (
            Series("its commands", "µs per event", tuple(commands)),
            Series("all of its process, network and fsync included", "µs per event", tuple(process)),
        ),
        {"redis-cpu": median(commands)},
        {"redis_cpu_us": median(process)},
    )
