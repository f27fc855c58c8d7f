"""Group commit for the spool: many groups, one fsync."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from ingress.spool.segments import SpoolRecord
from shared.errors import ServiceOverloaded
from shared.observability.logging import get_logger

_P = ParamSpec("_P")
_T = TypeVar("_T")


class SingleThreadExecutor:
    """Runs calls in one thread, in the order they come: what they share needs no locks."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "spool")

    async def run(self, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """What `call` returns or raises. It runs to its end even if the caller is cancelled."""
        return await asyncio.wrap_future(self._pool.submit(call, *args, **kwargs))

    def close(self) -> None:
        """Ends the thread once it has done what was submitted."""
        self._pool.shutdown(wait=True)


_log = get_logger(__name__)


class AppendQueue:
    """While one append is synced the next gathers, of all lanes together.

    It needs no bound of its own: each lane's GroupCommit has one group under way.
    """

    def __init__(self, append: Callable[[Sequence[SpoolRecord]], None], thread: SingleThreadExecutor) -> None:
        self._append = append
        self._thread = thread
        self._waiting: list[SpoolRecord] = []
        self._senders: list[asyncio.Future[ServiceOverloaded | None]] = []
        self._pump: asyncio.Task[None] | None = None
        self._closed = False

    async def append(self, records: Sequence[SpoolRecord]) -> None:
        """Returns once they are on disk. Raises ServiceOverloaded."""
        if self._closed:
            raise ServiceOverloaded("the webhook cannot be made durable now: the ingress is stopping")
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[ServiceOverloaded | None] = loop.create_future()
        self._waiting += records
        self._senders.append(outcome)
        if self._pump is None:
            self._pump = loop.create_task(self._run())
        refusal = await outcome
        if refusal is not None:  # raised anew: one exception raised in many tasks grows a traceback each
            raise ServiceOverloaded(refusal.message, refusal.retry_after or 1)

    async def close(self) -> None:
        """Takes nothing more, and returns once all that was taken is on disk or refused."""
        self._closed = True
        if self._pump is not None:
            await self._pump

    async def _run(self) -> None:
        try:
            while self._senders:
                records, senders = self._waiting, self._senders
                self._waiting, self._senders = [], []
                refusal = await self._append_all(records)
                for outcome in senders:
                    if not outcome.done():  # its sender was cancelled
                        outcome.set_result(refusal)
        finally:
            self._pump = None

    async def _append_all(self, records: Sequence[SpoolRecord]) -> ServiceOverloaded | None:
        try:
            await self._thread.run(self._append, records)
        except ServiceOverloaded as refusal:
            return refusal
        except Exception:  # noqa: BLE001 - logged once a group, and answered: its senders must not wait for ever
            _log.exception("webhooks could not be spooled", records=len(records))
            return ServiceOverloaded("the webhook cannot be made durable: this is a fault of the server; it was logged")
        return None
