"""Making webhooks durable, come what may: in Redis, else in the spool, and from there in Redis later."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from ingress.spool.append_queue import AppendQueue, SingleThreadExecutor
from ingress.spool.circuit_breaker import LaneCircuitBreakers
from ingress.spool.drainer import SCAN_INTERVAL, Ping, Push, SpoolDrainer
from ingress.spool.outage_log import SpoolOutageLog
from ingress.spool.segments import SpoolUsage
from ingress.spool.status import SpoolStatus
from ingress.spool.writer import NEITHER, SpoolWriter
from shared.errors import ServiceOverloaded
from shared.observability.logging import get_logger

_log = get_logger(__name__)
#: Seconds after an error that should not be, before draining goes on.
_AFTER_FAULT = 10.0


class FailoverWriter:
    """Stands where `IntakeWriter.push` stood. `commit` works before `start` too; without it nothing is drained.

    `rate` bounds the records that this process drains a second; `first` names the lanes that are drained before others.
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
        self._thread = SingleThreadExecutor()
        self._breakers = LaneCircuitBreakers(clock)
        self._appends = AppendQueue(spool.append, self._thread)
        self._drainer = SpoolDrainer(
            spool, push, ping, self._breakers, self._thread, rate=rate, first=first, clock=clock
        )
        self._telling = SpoolOutageLog(clock)
        self._draining: asyncio.Task[None] | None = None
        self._next_count = clock()
        self._spooled_records = self._spooled_bytes = 0
        self._usage = SpoolUsage()
        self._refusing = ""

    def start(self) -> None:
        """Begins to drain, also what an earlier run left."""
        self._draining = asyncio.get_running_loop().create_task(self._drain())

    async def stop(self) -> None:
        """Ends draining and the segment that is being written. What is spooled waits for the next start, or for another
        process with the same folder. Commits raise ServiceOverloaded from now on where Redis does not take them."""
        if self._draining is not None:
            self._draining.cancel()
            with suppress(asyncio.CancelledError):
                await self._draining
        await self._appends.close()
        await self._thread.run(self._spool.close_segment)
        await self._drainer.holdings.release()
        self._thread.close()

    async def commit(self, lane: str, entries: Sequence[bytes]) -> None:
        """Return once Redis has them or the spool has fsynced them. Raise ServiceOverloaded where neither can.

        What Redis did not answer it may have all the same. It is spooled, and pushed again: the dedupe claim behind
        makes that harmless, and losing it would not be.
        """
        if self._breakers.allows(lane):
            try:
                await self._push(lane, entries)
            except Exception as error:  # noqa: BLE001 - nobody knows whether Redis has them: the spool shall
                await self._after_failure(lane, entries, error)
            else:
                self._breakers.succeeded(lane)
        else:
            await self._to_spool(lane, entries, "Redis did not take the last ones")

    def state(self) -> SpoolStatus:
        """For health and metrics; cheap."""
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
            _log.error("a push to Redis failed as it should not; its webhooks go to the spool", exc_info=error)
        await self._to_spool(lane, entries, str(error) or type(error).__name__)

    async def _to_spool(self, lane: str, entries: Sequence[bytes], reason: str) -> None:
        try:
            await self._appends.append([(lane, entry) for entry in entries])
        except ServiceOverloaded as refusal:
            self._refusing = refusal.message.removeprefix(NEITHER)
            self._telling.refused(self._refusing)
            raise
        self._refusing = ""
        self._spooled_records += len(entries)
        self._spooled_bytes += sum(map(len, entries))
        self._telling.spooled(reason)

    async def _drain(self) -> None:
        while True:
            try:
                if self._clock() >= self._next_count:
                    await self._count()
                wait = await self._drainer.step()
            except Exception:  # noqa: BLE001 - the spool must be drained whatever happens
                _log.exception("draining the spool failed; it is tried again", seconds=_AFTER_FAULT)
                wait = _AFTER_FAULT
            await self._sleep(wait)

    async def _count(self) -> None:
        self._next_count = self._clock() + SCAN_INTERVAL
        self._refusing = await self._thread.run(self._spool.trouble)
        with suppress(OSError):  # then it is in `refusing`
            self._usage = await self._thread.run(self._spool.usage)
        if len(self._drainer.holdings):
            self._telling.left_over()
        if not self._usage.segments and not self._breakers.open_lanes:
            self._telling.empty(self._drainer.records)
