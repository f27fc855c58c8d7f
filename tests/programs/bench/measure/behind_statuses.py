"""What a customer's message waits while a campaign's statuses wait by the hundred thousand."""

from tests.programs.bench import rows
from tests.programs.bench.broker import broker
from tests.programs.bench.context import ALL_CORES, Context
from tests.programs.bench.feeder import kept_full
from tests.programs.bench.figures import percentile
from tests.programs.bench.measure.idle_latency import posts
from tests.programs.bench.report import Measured, Series
from tests.programs.bench.servers import SLUICE, server
from tests.programs.bench.waiting import wait_for
from tests.programs.bench.workers import Done, workers

_PAUSE = 0.02  # seconds between two messages at most


def measure(context: Context) -> Measured:
    """The statuses never end: what the workers take is replaced."""
    waiting = context.sizes.waiting
    rows.empty(context.database)
    options = {"cores": ALL_CORES, "database": context.database}
    with (
        broker(ALL_CORES) as redis,
        kept_full(redis.url, waiting, seed=3),
        server(SLUICE, redis.url, context.folder, **options) as up,
        workers(redis.url, context.database, context.folder),
    ):
        done = Done(redis.client)
        wait_for(lambda: done.in_lanes("sent", ends=".store"), 1)  # the workers are at it
        before = done.stored()
        took = posts(context, up.port, context.sizes.messages, pause=_PAUSE)
        passed = done.stored() - before
    return Measured(
        f"a text message's way from POST to row while {waiting:,} statuses wait",
        (Series("a text message", "ms", tuple(took)), Series("statuses stored meanwhile", "events", (passed,))),
        {"text-behind-statuses": percentile(took, 99)},
    )
