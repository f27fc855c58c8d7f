"""Wait for a measurement to get somewhere, with a timeout."""

import time
from collections.abc import Callable
from typing import NamedTuple

_TIMEOUT = 240.0  # seconds


class Span(NamedTuple):
    """Between two looks."""

    done: int
    seconds: float

    @property
    def per_second(self) -> float:
        """The rate."""
        return self.done / self.seconds


def wait_for(
    look: Callable[[], int], wanted: int, *, every: float = 0.02, within: float = _TIMEOUT
) -> tuple[float, int]:
    """When `look` first answered `wanted` or more (perf_counter), and what. Raises SystemExit where it never does."""
    deadline = time.monotonic() + within
    while True:
        found = look()
        now = time.perf_counter()
        if found >= wanted:
            return now, found
        if time.monotonic() > deadline:
            raise SystemExit(f"only {found} of {wanted} after {within:g} s")
        time.sleep(every)


def span(begun: Callable[[], int], done: Callable[[], int], wanted: int, *, every: float = 0.02) -> Span:
    """From when anything has begun until all is done: what comes before, starting up, is not measured."""
    start, _ = wait_for(begun, 1, every=every)
    already = done()
    end, found = wait_for(done, wanted, every=every)
    return Span(found - already, end - start)
