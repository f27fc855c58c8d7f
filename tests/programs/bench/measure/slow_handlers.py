"""How far handlers that wait come towards what their number of threads allows."""

from statistics import median

from tests.programs.bench.context import Context
from tests.programs.bench.handlers.waits import SECONDS
from tests.programs.bench.measure.handling import rate
from tests.programs.bench.report import Measured, Series

_THREADS = 20


def measure(context: Context) -> Measured:
    """Threads pool, 50 ms of waiting an event: ideal is 20 events a second and thread."""
    options = ("--pool", "threads", "--concurrency", str(_THREADS))
    rates = [rate(context, "waits", context.sizes.slow_events, *options) for _ in range(context.sizes.long_rounds)]
    reached = [found * SECONDS / _THREADS for found in rates]
    return Measured(
        f"handlers that wait for {SECONDS * 1000:g} ms, {_THREADS} threads",
        (
            Series("events", "events/s", tuple(rates)),
            Series("reach of the ideal", "x", tuple(reached)),
        ),
        {"slow-handlers": median(reached)},
    )
