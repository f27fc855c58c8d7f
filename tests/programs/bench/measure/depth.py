"""What an event costs, whatever the number of those that wait."""

from tests.programs.bench.broker import broker
from tests.programs.bench.context import ALL_CORES, Context
from tests.programs.bench.feeder import kept_full
from tests.programs.bench.figures import ratio
from tests.programs.bench.machine import cpu_seconds
from tests.programs.bench.report import Measured, Series
from tests.programs.bench.waiting import wait_for
from tests.programs.bench.workers import Done, workers

_SHALLOW = 1_000
_WARM_UP = 2_000  # events


def measure(context: Context) -> Measured:
    """CPU of the workers and of Redis, for a handler that does nothing; time would charge what others use meanwhile."""
    depths = (_SHALLOW, context.sizes.depth)
    costs: dict[int, list[float]] = {depth: [] for depth in depths}
    for _ in range(context.sizes.depth_rounds):
        for depth in depths:
            costs[depth].append(_cost(context, depth))
    return Measured(
        "CPU of workers and Redis an event while this many wait",
        tuple(Series(f"{depth:,} wait", "µs", tuple(values)) for depth, values in costs.items()),
        {"depth": ratio(costs[depths[1]], costs[depths[0]])},
    )


def _cost(context: Context, depth: int) -> float:
    """Microseconds."""
    with (
        broker(ALL_CORES) as redis,
        kept_full(redis.url, depth, seed=depth),
        workers(redis.url, "none", context.folder, handlers="tests.programs.bench.handlers.nothing") as process,
    ):
        done = Done(redis.client)

        def handled() -> int:
            return done.in_lanes("", ends=".nothing")

        _, first = wait_for(handled, _WARM_UP)
        before = cpu_seconds(process.pid) + cpu_seconds(redis.pid)
        _, last = wait_for(handled, first + context.sizes.depth_events)
        used = cpu_seconds(process.pid) + cpu_seconds(redis.pid) - before
    return used / (last - first) * 1e6
