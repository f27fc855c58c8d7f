"""Events a second of a handler that takes single text messages."""

from pathlib import Path

from tests.programs.bench.broker import broker
from tests.programs.bench.context import ALL_CORES, Context
from tests.programs.bench.handlers import notes
from tests.programs.bench.traffic import texts
from tests.programs.bench.waiting import wait_for
from tests.programs.bench.workers import push, workers
from workers.lanes import Lanes


def rate(context: Context, handler: str, events: int, *options: str) -> float:
    """Events a second while all that is started works: from 10 to 90 % of them. No event store."""
    file = context.folder / "notes"
    file.unlink(missing_ok=True)
    with broker(ALL_CORES) as redis:
        push(Lanes(redis.client), [body for _, body in texts(events)])
        extra = {"BENCH_NOTES": str(file)}
        with workers(
            redis.url, "none", context.folder, *options, handlers=f"tests.programs.bench.handlers.{handler}", **extra
        ):
            wait_for(lambda: notes.count(file), events)
    return middle(file)


def middle(file: Path) -> float:
    """Events a second between the first tenth and the last."""
    times = notes.times(file)
    first, last = len(times) // 10, len(times) * 9 // 10
    return (last - first) / (times[last] - times[first])
