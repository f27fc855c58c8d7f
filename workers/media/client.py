"""Metadata of many media ids at once, for callers that block: Celery tasks."""

import asyncio
import os
import threading
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from workers.media.address import InvalidMediaId, MediaAddress
from workers.media.answers import LookupResult, Permanent, Transient
from workers.media.lookup import MediaLookup

_CLEANUP_SECONDS = 1.0


class MediaClient:
    """Fetches concurrently on an event loop in a thread of its own, so that a lookup can be ended at any moment.

    (Blocking sockets in a pool of threads need half the CPU time, 0.5 ms instead of 1 ms a lookup, but a thread that
    waits for a name server or for a trickling header cannot be stopped, and its place is lost.)

    To be made after a fork, by the process that uses it; its threads may share it. At most `concurrency` lookups are
    under way at once, whoever asked for them. `timeout` bounds one lookup, `deadline` a whole call; both in seconds.
    """

    def __init__(
        self,
        address: MediaAddress,
        auth: tuple[str, str] | None,
        *,
        concurrency: int = 16,
        timeout: float = 5.0,
        deadline: float = 30.0,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        if concurrency < 1 or timeout <= 0 or deadline <= 0:
            raise ValueError("concurrency, timeout and deadline must be above zero")
        self._address = address
        self._deadline = deadline
        self._lookup = MediaLookup(auth, connections=concurrency, seconds=timeout, now=now)
        self._places = asyncio.Semaphore(concurrency)
        self._process = os.getpid()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="media-lookups", daemon=True)
        self._thread.start()

    def fetch(self, ids: Sequence[str], *, within: float | None = None) -> dict[str, LookupResult]:
        """An answer for each id, within `within` seconds (default: the client's deadline). Never raises for one id.

        An exception that hits the caller meanwhile (Celery's soft time limit) ends the lookups.
        """
        if self._process != os.getpid():
            raise RuntimeError("this MediaClient was made before the fork, and its thread did not come along")
        if self._loop.is_closed():
            raise RuntimeError("this MediaClient is closed")
        if not ids:
            return {}
        seconds = self._deadline if within is None else within
        future = asyncio.run_coroutine_threadsafe(self._fetch(dict.fromkeys(ids), seconds), self._loop)
        try:
            return future.result()
        finally:
            future.cancel()

    def close(self) -> None:
        """Closes all connections and ends the thread. Not while a fetch is under way; a second call does nothing."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._lookup.close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _fetch(self, ids: dict[str, None], seconds: float) -> dict[str, LookupResult]:
        asked: set[str] = set()
        tasks = {media_id: asyncio.create_task(self._one(media_id, asked)) for media_id in ids}
        try:
            done, _ = await asyncio.wait(tasks.values(), timeout=seconds)
        finally:
            await _cancel(tasks.values())
        return {
            media_id: task.result() if task in done else _too_late(media_id in asked)
            for media_id, task in tasks.items()
        }

    async def _one(self, media_id: str, asked: set[str]) -> LookupResult:
        try:
            url = self._address.url(media_id)
        except InvalidMediaId as error:
            return Permanent(str(error), asked=False)
        async with self._places:
            asked.add(media_id)
            return await self._lookup.fetch(media_id, url)


def _too_late(asked: bool) -> Transient:
    return Transient("no answer in time", asked=True) if asked else Transient("not reached in time", asked=False)


async def _cancel(tasks: Collection[asyncio.Task[LookupResult]]) -> None:
    late = [task for task in tasks if not task.done()]
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=_CLEANUP_SECONDS)
