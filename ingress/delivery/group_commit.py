"""Group commit: while one push to Redis is in flight the next group gathers, and one round trip serves all in it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from ingress.process_stats import ProcessCounters
from shared.errors import ServiceOverloaded
from shared.observability.logging import get_logger

_log = get_logger(__name__)
Push = Callable[[Sequence[bytes]], Awaitable[None]]
#: Told what became of an entry: None once it is durable, else why it is not. It must not raise.
OnCommitted = Callable[[ServiceOverloaded | None], None]

#: What one push holds at most: it must not keep Redis from others for long.
_MAX_ENTRIES = 1000
_MAX_BYTES = 4 * 1024 * 1024
#: What waits for its push at most, in bytes: a Redis that hangs must cost a few seconds, not this process' memory.
_MAX_WAITING = 128 * 1024 * 1024


class _Batch:
    """Entries that are pushed together, and whom to tell."""

    __slots__ = ("_told", "entries", "size")

    def __init__(self) -> None:
        self.entries: list[bytes] = []
        self.size = 0
        self._told: list[OnCommitted] = []

    def has_room(self, size: int) -> bool:
        return not self.entries or (len(self.entries) < _MAX_ENTRIES and self.size + size <= _MAX_BYTES)

    def add(self, entry: bytes, told: OnCommitted) -> None:
        self.entries.append(entry)
        self.size += len(entry)
        self._told.append(told)

    def complete(self, refusal: ServiceOverloaded | None) -> None:
        for told in self._told:
            try:
                told(refusal)
            except Exception:  # noqa: BLE001 - one sender's connection must not keep the answer from the others
                _log.exception("a sender could not be told what became of its webhook")


class GroupCommit:
    """Pushes entries in groups, in order, one group at a time. `push` raises ServiceOverloaded where it can't."""

    def __init__(self, push: Push, tally: ProcessCounters | None = None) -> None:
        self._push = push
        self._tally = tally or ProcessCounters()
        self._waiting: list[_Batch] = []
        self._waiting_bytes = 0
        self._pump: asyncio.Task[None] | None = None

    def submit(self, entry: bytes, told: OnCommitted) -> None:
        """Call `told` once, later, with the result. Raise ServiceOverloaded where too much waits already."""
        if self._waiting_bytes > _MAX_WAITING:
            raise ServiceOverloaded("too many webhooks wait to be made durable")
        self._waiting_bytes += len(entry)
        self._group_for(len(entry)).add(entry, told)
        if self._pump is None:
            self._pump = asyncio.get_running_loop().create_task(self._run())

    async def commit(self, entry: bytes) -> None:
        """Returns once the entry is durable. Raises ServiceOverloaded."""
        outcome: asyncio.Future[ServiceOverloaded | None] = asyncio.get_running_loop().create_future()
        # Resolved with what went wrong, not failed by it: an exception raised in many tasks grows a traceback each.
        self.submit(entry, lambda refusal: None if outcome.done() else outcome.set_result(refusal))
        refusal = await outcome
        if refusal is not None:
            raise ServiceOverloaded(refusal.message, refusal.retry_after or 1)

    def _group_for(self, size: int) -> _Batch:
        if not self._waiting or not self._waiting[-1].has_room(size):
            self._waiting.append(_Batch())
        return self._waiting[-1]

    async def _run(self) -> None:
        try:
            while self._waiting:
                group = self._waiting.pop(0)
                self._waiting_bytes -= group.size
                began = time.perf_counter()
                group.complete(await self._push_one(group.entries))
                self._tally.push_seconds.note(time.perf_counter() - began)
                self._tally.group_sizes.note(len(group.entries))
        finally:
            self._pump = None

    async def _push_one(self, entries: list[bytes]) -> ServiceOverloaded | None:
        try:
            await self._push(entries)
        except ServiceOverloaded as refusal:
            return refusal
        except Exception:  # noqa: BLE001 - logged once a group, and answered: its senders must not wait for ever
            _log.exception("a group of webhooks could not be pushed", entries=len(entries))
            return ServiceOverloaded("the webhook cannot be made durable: this is a fault of the server; it was logged")
        return None
