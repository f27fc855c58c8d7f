"""Waiting for what other processes and threads do: never longer than a deadline, never longer than needed."""

import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


def until(look: Callable[[], _T], *, within: float = 30.0, every: float = 0.01) -> _T:
    """The first answer of `look` that is true. Fails with the last one after `within` seconds."""
    end = time.monotonic() + within
    while not (seen := look()):
        if time.monotonic() > end:
            raise AssertionError(f"not so within {within:g} s; the last answer was {seen!r}")
        time.sleep(every)
    return seen
