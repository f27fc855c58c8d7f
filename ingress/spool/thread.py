"""Blocking work off the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


class OneThread:
    """Runs calls in one thread, in the order they come: what they share needs no locks."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "spool")

    async def run(self, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """What `call` returns or raises. It runs to its end even if the caller is cancelled."""
        return await asyncio.wrap_future(self._pool.submit(call, *args, **kwargs))

    def close(self) -> None:
        """Ends the thread once it has done what was submitted."""
        self._pool.shutdown(wait=True)
