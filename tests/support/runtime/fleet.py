"""Several drains of one lane at once, each with a connection of its own, woken and ticked for as workers are."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

from shared.errors import Retry
from shared.redis.connection import connect
from workers.handlers.registry import Handler
from workers.lanes import Lanes, LaneSpec
from workers.lanes.circuit_breaker import BreakerPolicy
from workers.runtime.drain import Drain
from workers.runtime.steps.run_handler import RunHandlerStep
from workers.runtime.wiring import observers

LANE = "text.f"
QUICK = BreakerPolicy(first_hold=0.02, max_hold=0.1)
_SPEC = LaneSpec(LANE, "messages", 10, 60_000)


class Runs:
    """A handler of texts that notes its runs. `act` is called with each event, or all of a batch, and may raise."""

    def __init__(self, act: Callable[[Any], object]) -> None:
        self.act = act
        self.runs: Counter[str] = Counter()
        self.handled: list[tuple[str, int]] = []  # text and attempt, each time the handler did well
        self._lock = threading.Lock()

    def __call__(self, given: Any) -> None:
        events = given if isinstance(given, list) else [given]
        with self._lock:
            self.runs.update(event.text for event in events)
        self.act(given)
        with self._lock:
            self.handled += [(event.text, event.attempt) for event in events]


def make(lanes: Lanes, function: Callable[[Any], None], name: str, *, retry: Retry, batch: bool = False) -> Drain:
    """A drain of the lane."""
    work = RunHandlerStep(Handler("text", "f", function, batch, retry, "messages", 30.0))
    return Drain(LANE, lanes, work, name, batch=100, budget=1.0, observers=observers(lanes))


@contextmanager
def fleet(
    url: str, function: Callable[[Any], None], *, retry: Retry, batch: bool = False, drains: int = 3
) -> Iterator[Lanes]:
    """Runs them until the block ends. An error in one of them is raised then."""
    over = threading.Event()

    def work(lanes: Lanes, name: str) -> None:
        drain = make(lanes, function, name, retry=retry, batch=batch)
        while not over.is_set():
            found: Any = lanes.client.brpop(["sluice:queue:messages"], timeout=0.05)
            if found:
                drain.run(json.loads(found[1])["headers"]["id"])

    def tick(lanes: Lanes) -> None:
        while not over.wait(0.02):
            lanes.run_maintenance([LANE])

    with ExitStack() as stack:
        own, ticked, *others = [Lanes(stack.enter_context(connect(url)), breaker=QUICK) for _ in range(2 + drains)]
        own.register([_SPEC])
        pool = stack.enter_context(ThreadPoolExecutor(1 + drains))
        running = [pool.submit(tick, ticked)]
        running += [pool.submit(work, lanes, str(number)) for number, lanes in enumerate(others)]
        try:
            yield own
        finally:
            over.set()
        for ended in running:
            ended.result()
