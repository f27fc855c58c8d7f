"""Events a second from POST to row, with ingress, workers, Redis, database and the load itself on two cores."""

from tests.programs.bench.context import Context
from tests.programs.bench.figures import ratio
from tests.programs.bench.report import Measured, Series
from tests.programs.bench.servers import CELERY, SLUICE
from tests.programs.bench.whole_way import STARTS, whole_way


def measure(context: Context) -> Measured:
    """All take turns; each starts with empty tables. The baselines have fewer webhooks, of the same mix."""
    sizes = context.sizes
    rates: dict[str, list[float]] = {name: [] for name in STARTS}
    for _ in range(sizes.long_rounds):
        for name in STARTS:
            posts = sizes.posts if name == SLUICE else sizes.baseline_posts
            rates[name].append(whole_way(context, name, posts).per_second)
    return Measured(
        f"from POST to rows in {context.database_kind}, everything on two cores",
        tuple(Series(name, "events/s", tuple(values)) for name, values in rates.items()),
        {"end-to-end-of-celery": ratio(rates[SLUICE], rates[CELERY])},
        note=f"about {sizes.posts:,} webhooks; the baselines {sizes.baseline_posts:,}",
    )
