"""Group commit: while one push to Redis is in flight the next group gathers, and one round trip serves all in it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from shared.errors import Overloaded

Push = Callable[[Sequence[bytes]], Awaitable[None]]

#: What one push holds at most: it must not keep Redis from others for long.
_MOST_ENTRIES = 1000
_MOST_BYTES = 4 * 1024 * 1024


class _Group:
    """Entries that are pushed together, and the future that all their senders wait for."""

    __slots__ = ("entries", "outcome", "size")

    def __init__(self) -> None:
        self.entries: list[bytes] = []
        self.size = 0
        # Resolved with what went wrong, not failed by it: an exception raised in many tasks grows a traceback each.
        self.outcome: asyncio.Future[Overloaded | None] = asyncio.get_running_loop().create_future()

    def has_room(self, size: int) -> bool:
        return not self.entries or (len(self.entries) < _MOST_ENTRIES and self.size + size <= _MOST_BYTES)


class GroupCommit:
    """Pushes entries in groups, in order, one group at a time. `push` raises Overloaded where it can't."""

    def __init__(self, push: Push) -> None:
        self._push = push
        self._waiting: list[_Group] = []
        self._pump: asyncio.Task[None] | None = None

    async def commit(self, entry: bytes) -> None:
        """Returns once the entry is durable. Raises Overloaded."""
        group = self._group_for(len(entry))
        group.entries.append(entry)
        group.size += len(entry)
        if self._pump is None:
            self._pump = asyncio.get_running_loop().create_task(self._run())
        refusal = await group.outcome
        if refusal is not None:
            raise Overloaded(refusal.message, refusal.retry_after or 1)

    def _group_for(self, size: int) -> _Group:
        if not self._waiting or not self._waiting[-1].has_room(size):
            self._waiting.append(_Group())
        return self._waiting[-1]

    async def _run(self) -> None:
        try:
            while self._waiting:
                group = self._waiting.pop(0)
                refusal = await self._push_one(group.entries)
                if not group.outcome.done():  # cancelled with its last sender at a forced shutdown
                    group.outcome.set_result(refusal)
        finally:
            self._pump = None

    async def _push_one(self, entries: list[bytes]) -> Overloaded | None:
        try:
            await self._push(entries)
        except Overloaded as refusal:
            return refusal
        return None
