"""Group commit: while one group is being committed the next one gathers, so that one round trip or fsync serves many.

The ingress commits in two places: a group commit per intake lane, of webhooks to Redis or else the spool; and one
behind them, of the lanes' groups to the spool, where they share an fsync.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence, Sized
from typing import Generic, NamedTuple, TypeVar

from ingress.process_stats import ProcessCounters
from shared.errors import ServiceOverloaded
from shared.observability.logging import get_logger

_log = get_logger(__name__)
_Entry = TypeVar("_Entry", bound=Sized)
#: Receives the result for one entry: None once it is durable, else the error. It must not raise.
OnCommitted = Callable[[ServiceOverloaded | None], None]


class GroupLimits(NamedTuple):
    """Limits of a group commit, in entries and in their `len()`, which is bytes for receipts."""

    max_entries: float = 1000  # per group: a push must not block Redis for long
    max_size: float = 4 * 1024 * 1024  # per group
    max_waiting: float = 128 * 1024 * 1024  # a Redis that hangs must cost a few seconds, not this process's memory


UNLIMITED = GroupLimits(math.inf, math.inf, math.inf)


class _Group(Generic[_Entry]):
    """Entries that are committed together, and their callbacks."""

    __slots__ = ("_callbacks", "entries", "size")

    def __init__(self) -> None:
        self.entries: list[_Entry] = []
        self.size = 0
        self._callbacks: list[OnCommitted] = []

    def has_room(self, size: int, limits: GroupLimits) -> bool:
        return not self.entries or (len(self.entries) < limits.max_entries and self.size + size <= limits.max_size)

    def add(self, entry: _Entry, on_committed: OnCommitted) -> None:
        self.entries.append(entry)
        self.size += len(entry)
        self._callbacks.append(on_committed)

    def complete(self, error: ServiceOverloaded | None) -> None:
        for on_committed in self._callbacks:
            try:
                on_committed(error)
            except Exception:  # noqa: BLE001 - one sender's connection must not keep the response from the others
                _log.exception("a webhook's sender could not be sent the response")


class GroupCommit(Generic[_Entry]):
    """Commits entries in groups, in order, one group at a time.

    `write` returns once a group is durable, or raises ServiceOverloaded. `counters` record the duration and the size of
    each group.
    """

    def __init__(
        self,
        write: Callable[[Sequence[_Entry]], Awaitable[None]],
        counters: ProcessCounters | None = None,
        limits: GroupLimits = GroupLimits(),  # noqa: B008 - immutable
    ) -> None:
        self._write = write
        self._counters = counters or ProcessCounters()
        self._limits = limits
        self._waiting: list[_Group[_Entry]] = []
        self._waiting_size = 0
        self._task: asyncio.Task[None] | None = None

    def submit(self, entry: _Entry, on_committed: OnCommitted) -> None:
        """Call `on_committed` once, later, with the result. Raise ServiceOverloaded if too much is waiting already."""
        if self._waiting_size > self._limits.max_waiting:
            raise ServiceOverloaded("too many webhooks are waiting to be made durable")
        size = len(entry)
        self._waiting_size += size
        if not self._waiting or not self._waiting[-1].has_room(size, self._limits):
            self._waiting.append(_Group())
        self._waiting[-1].add(entry, on_committed)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def commit(self, entry: _Entry) -> None:
        """Return once the entry is durable. Raises ServiceOverloaded.

        The entry is committed even if the caller is cancelled.
        """
        outcome: asyncio.Future[ServiceOverloaded | None] = asyncio.get_running_loop().create_future()
        # The error is the future's result: one exception that is raised in many tasks grows a traceback in each.
        self.submit(entry, lambda error: None if outcome.done() else outcome.set_result(error))
        error = await outcome
        if error is not None:
            raise ServiceOverloaded(error.message, error.retry_after or 1)

    async def drain(self) -> None:
        """Return once everything that was submitted is committed or refused."""
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        try:
            while self._waiting:
                group = self._waiting.pop(0)
                self._waiting_size -= group.size
                started = time.perf_counter()
                group.complete(await self._write_group(group.entries))
                self._counters.push_seconds.record(time.perf_counter() - started)
                self._counters.group_sizes.record(len(group.entries))
        finally:
            self._task = None

    async def _write_group(self, entries: list[_Entry]) -> ServiceOverloaded | None:
        try:
            await self._write(entries)
        except ServiceOverloaded as error:
            return error
        except Exception:  # noqa: BLE001 - logged once per group, and returned: no sender may wait forever
            _log.exception("unexpected error while making a group of webhooks durable", entries=len(entries))
            return ServiceOverloaded("the webhook could not be made durable: internal server error; it was logged")
        return None
