"""What a second worker process brings where computing is all there is to do."""

from tests.programs.bench.context import Context
from tests.programs.bench.figures import ratio
from tests.programs.bench.measure.handling import rate
from tests.programs.bench.report import Measured, Series

_ONE, _TWO = "one process", "two processes"


def measure(context: Context) -> Measured:
    """A handler of about 4 ms of a core and no database, so that Redis needs little of the two cores."""
    events = context.sizes.computed_events
    rates: dict[str, list[float]] = {_ONE: [], _TWO: []}
    for _ in range(context.sizes.long_rounds):
        rates[_ONE].append(rate(context, "computes", events, "-c", "1"))
        rates[_TWO].append(rate(context, "computes", 2 * events, "-c", "2"))
    return Measured(
        "a handler that computes for about 4 ms, no database, prefork, two cores for all",
        tuple(Series(name, "events/s", tuple(values)) for name, values in rates.items()),
        {"two-workers": ratio(rates[_TWO], rates[_ONE])},
    )
