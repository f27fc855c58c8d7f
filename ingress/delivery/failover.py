"""Write receipts to Redis or, while it is unavailable, to the spool, and drain the spool to Redis later."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from ingress.delivery.group_commit import UNLIMITED, GroupCommit
from ingress.spool.circuit_breaker import LaneCircuitBreakers
from ingress.spool.drainer import SCAN_INTERVAL, Ping, Push, SpoolDrainer
from ingress.spool.outage_log import SpoolOutageLog
from ingress.spool.segments import SpoolRecord, SpoolUsage
from ingress.spool.status import SpoolStatus
from ingress.spool.writer import NEITHER, SpoolWriter
from shared.errors import ServiceOverloaded
from shared.observability.logging import get_logger

_log = get_logger(__name__)
#: Seconds until draining continues after an unexpected error.
_DRAIN_RETRY_INTERVAL = 10.0


class FailoverWriter:
    """Commits groups of receipts through `push`, else to the spool. All of the spool's file access is in one thread.

    `commit` works before `start` too, but nothing is drained until then. `rate` limits the records per second that this
    process drains. `first` names the lanes that are drained before others.
    """

    def __init__(
        self,
        push: Push,
        ping: Ping,
        spool: SpoolWriter,
        *,
        rate: float = 5000.0,
        first: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._push = push
        self._spool = spool
        self._clock = clock
        self._sleep = sleep
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool")
        self._breakers = LaneCircuitBreakers(clock)
        # Unlimited: each lane's own group commit has one group in progress at a time.
        self._appends: GroupCommit[Sequence[SpoolRecord]] = GroupCommit(self._append, limits=UNLIMITED)
        self._drainer = SpoolDrainer(
            spool, push, ping, self._breakers, self._executor, rate=rate, first=first, clock=clock
        )
        self._outage_log = SpoolOutageLog(clock)
        self._drain_task: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._next_scan = clock()
        self._spooled_records = self._spooled_bytes = 0
        self._usage = SpoolUsage()
        self._refusing = ""

    def start(self) -> None:
        """Start draining, including what an earlier run left."""
        self._drain_task = asyncio.get_running_loop().create_task(self._drain())

    async def stop(self) -> None:
        """Stop draining, finish the appends in progress and close the current segment.

        What is spooled waits for the next start, or for another process with the same folder. From now on `commit`
        raises ServiceOverloaded if Redis is unavailable.
        """
        if self._drain_task is not None:
            self._drain_task.cancel()
            with suppress(asyncio.CancelledError):
                await self._drain_task
        self._is_stopping = True
        await self._appends.drain()
        await asyncio.get_running_loop().run_in_executor(self._executor, self._spool.close_segment)
        await self._drainer.segments.release()
        self._executor.shutdown(wait=True)

    async def commit(self, lane: str, entries: Sequence[bytes]) -> None:
        """Return once Redis has the entries or the spool has fsynced them. Raise ServiceOverloaded if neither can.

        Redis may have a push that it did not reply to. It is spooled and pushed again all the same: deduplication makes
        that harmless, whereas losing it would not be.
        """
        if self._breakers.allows(lane):
            try:
                await self._push(lane, entries)
            except Exception as error:  # noqa: BLE001 - it is unknown whether Redis has the entries: spool them
                await self._after_failure(lane, entries, error)
            else:
                self._breakers.succeeded(lane)
        else:
            await self._to_spool(lane, entries, "Redis refused the last ones")

    def status(self) -> SpoolStatus:
        """Return the status for health and metrics. Cheap."""
        return SpoolStatus(
            tuple(sorted(self._breakers.open_lanes)),
            self._spooled_records,
            self._spooled_bytes,
            self._drainer.records,
            self._drainer.bytes,
            self._usage,
            self._refusing,
            str(self._spool.path),
            self._spool.limit,
        )

    async def _after_failure(self, lane: str, entries: Sequence[bytes], error: Exception) -> None:
        self._breakers.failed(lane)
        if not isinstance(error, (ServiceOverloaded, OSError)):  # a TimeoutError is an OSError
            _log.error("unexpected error of a push to Redis; its webhooks go to the spool", exc_info=error)
        await self._to_spool(lane, entries, str(error) or type(error).__name__)

    async def _to_spool(self, lane: str, entries: Sequence[bytes], reason: str) -> None:
        try:
            if self._is_stopping:
                raise ServiceOverloaded("the webhook cannot be made durable now: the ingress is stopping")
            await self._appends.commit([(lane, entry) for entry in entries])
        except ServiceOverloaded as error:
            self._refusing = error.message.removeprefix(NEITHER)
            self._outage_log.refused(self._refusing)
            raise
        self._refusing = ""
        self._spooled_records += len(entries)
        self._spooled_bytes += sum(map(len, entries))
        self._outage_log.spooled(reason)

    async def _append(self, groups: Sequence[Sequence[SpoolRecord]]) -> None:
        records = [record for group in groups for record in group]
        await asyncio.get_running_loop().run_in_executor(self._executor, self._spool.append, records)

    async def _drain(self) -> None:
        while True:
            try:
                if self._clock() >= self._next_scan:
                    await self._scan()
                wait = await self._drainer.step()
            except Exception:  # noqa: BLE001 - the spool must be drained whatever happens
                _log.exception("draining the spool failed; it will be retried", seconds=_DRAIN_RETRY_INTERVAL)
                wait = _DRAIN_RETRY_INTERVAL
            await self._sleep(wait)

    async def _scan(self) -> None:
        loop = asyncio.get_running_loop()
        self._next_scan = self._clock() + SCAN_INTERVAL
        self._refusing = await loop.run_in_executor(self._executor, self._spool.problem)
        with suppress(OSError):  # `_refusing` has the reason
            self._usage = await loop.run_in_executor(self._executor, self._spool.usage)
        if len(self._drainer.segments):
            self._outage_log.left_over()
        if not self._usage.segments and not self._breakers.open_lanes:
            self._outage_log.empty(self._drainer.records)
