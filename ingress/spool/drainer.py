"""Drain the spool: push its records to Redis, in order and at a limited rate, and probe whether Redis accepts them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from ingress.spool import drain_policy
from ingress.spool.circuit_breaker import LaneCircuitBreakers
from ingress.spool.claims import ClaimedSegment, SegmentClaims
from ingress.spool.writer import SpoolWriter
from shared.errors import ServiceOverloaded
from shared.observability.logging import get_logger

_log = get_logger(__name__)
#: Seconds between two scans of the folder: other processes may have left segments in it.
SCAN_INTERVAL = 1.0
Push = Callable[[str, Sequence[bytes]], Awaitable[None]]  # (lane, receipts); raises ServiceOverloaded
Ping = Callable[[], Awaitable[str | None]]  # None if Redis replies, else the reason


class DrainingSegments:
    """Claimed segments, oldest first. Only one task may use it; blocking work is done by `executor`."""

    def __init__(self, claims: SegmentClaims, executor: ThreadPoolExecutor) -> None:
        self._claims = claims
        self._executor = executor
        self._segments: list[ClaimedSegment] = []
        self._last_read: ClaimedSegment | None = None
        self._not_removable: set[str] = set()

    def __getitem__(self, index: int) -> ClaimedSegment:
        return self._segments[index]

    def __len__(self) -> int:
        return len(self._segments)

    @property
    def remaining_lanes(self) -> list[frozenset[str]]:
        """Of each segment, the lanes that are not fully drained."""
        return [frozenset(segment.remaining) for segment in self._segments]

    async def claim(self) -> bool:
        """Claim every segment without an owner. Return whether there was any. Raises OSError."""
        loop = asyncio.get_running_loop()
        before = len(self._segments)
        # One call per segment: reading one takes a while, and appends must get their turn in between.
        while segment := await loop.run_in_executor(self._executor, self._claims.take):
            self._segments.append(segment)
        self._segments.sort(key=lambda each: each.name)
        return len(self._segments) > before

    async def read(self, segment: ClaimedSegment, lane: str, max_records: int) -> tuple[list[bytes], int]:
        """Return the lane's next receipts and the offset behind them.

        There are none if the segment has become unreadable; it is then left alone.
        """
        if self._last_read is not None and self._last_read is not segment:
            self._last_read.free()
        self._last_read = segment
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(
                self._executor, segment.batch, lane, max_records, drain_policy.MAX_BATCH_BYTES
            )
        except OSError as error:
            self._segments.remove(segment)
            await loop.run_in_executor(self._executor, self._claims.abandon, segment, error)
            return [], 0

    async def sweep(self) -> None:
        """Remove the segments that are fully drained.

        One that cannot be removed stays until a later sweep. Redis has everything that is in it.
        """
        for segment in [segment for segment in self._segments if not segment.remaining]:
            try:
                await asyncio.get_running_loop().run_in_executor(self._executor, self._claims.remove, segment)
            except OSError as error:
                if segment.name not in self._not_removable:
                    self._not_removable.add(segment.name)
                    _log.error("a drained spool segment cannot be removed", file=segment.name, error=str(error))
            else:
                self._segments.remove(segment)

    async def release(self) -> None:
        """Release all segments, so that another process can claim them."""
        self._segments.clear()
        await asyncio.get_running_loop().run_in_executor(self._executor, self._claims.release)


class SpoolDrainer:
    """Drains the spool, one step at a time.

    Receipts of a lane are pushed in the order of the segments and of the records in them. A receipt may be pushed twice
    (a lost reply, a crash), but is never left out: a segment is removed only when all of its valid records were pushed.
    `rate` limits the records per second, probes included. `first` names the lanes that go before all others.
    """

    def __init__(
        self,
        spool: SpoolWriter,
        push: Push,
        ping: Ping,
        breakers: LaneCircuitBreakers,
        executor: ThreadPoolExecutor,
        *,
        rate: float = 5000.0,
        first: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.records = 0  # drained since the start
        self.bytes = 0
        self.segments = DrainingSegments(SegmentClaims(spool.path), executor)
        self._spool = spool
        self._push = push
        self._ping = ping
        self._breakers = breakers
        self._executor = executor
        self._rate_limiter = drain_policy.RateLimiter(rate)
        self._batch_size = drain_policy.DrainBatchSize(self._rate_limiter.max_batch)
        self._first = first
        self._clock = clock
        self._next_scan = clock()
        self._is_unreadable = False  # the last scan of the folder failed

    async def step(self) -> float:
        """Do what is due, at most one push. Return the seconds after which the next step is due."""
        if lane := self._breakers.due():  # first: a problem of the spool must not keep Redis out of use
            await self._probe(lane)
            return 0.0
        if self._clock() >= self._next_scan:
            await self._scan()
        target = drain_policy.next_drain_target(self.segments.remaining_lanes, self._breakers.open_lanes, self._first)
        rate_wait = self._rate_limiter.wait(self._clock())
        if target is None or rate_wait:
            waits = [self._next_scan - self._clock(), self._breakers.wait()]
            return max(0.0, min(waits if target is None else [*waits, rate_wait]))
        index, lane = target
        await self._push_batch(self.segments[index], lane)
        return 0.0

    async def _scan(self) -> None:
        """Claim unowned segments, and close the current one if that yields something to push."""
        self._next_scan = self._clock() + SCAN_INTERVAL
        loop = asyncio.get_running_loop()
        try:
            await self.segments.claim()
            written = await loop.run_in_executor(self._executor, self._spool.written_lanes)
            if drain_policy.should_rotate(written, self.segments.remaining_lanes, self._breakers.open_lanes):
                await loop.run_in_executor(self._executor, self._spool.close_segment)
                await self.segments.claim()
        except OSError as error:
            if not self._is_unreadable:
                _log.error("the spool's folder cannot be read; its webhooks wait", error=str(error))
            self._is_unreadable = True
        else:
            self._is_unreadable = False
        await self.segments.sweep()

    async def _probe(self, lane: str) -> None:
        """Push the lane's oldest batch, or ping if it has none: then a reply is all that can be known of Redis."""
        index = drain_policy.oldest_with(lane, self.segments.remaining_lanes)
        if index >= 0:
            await self._push_batch(self.segments[index], lane)
        elif await self._ping() is None:
            self._breakers.succeeded(lane)
        else:
            self._breakers.failed(lane)

    async def _push_batch(self, segment: ClaimedSegment, lane: str) -> None:
        receipts, end = await self.segments.read(segment, lane, self._batch_size.size(lane))
        if not receipts:
            return
        self._rate_limiter.started(len(receipts), self._clock())
        try:
            await self._push(lane, receipts)
        except Exception as error:  # noqa: BLE001 - whatever it was, they are retried; none may be skipped
            self._breakers.failed(lane)
            self._batch_size.failed(lane)
            if not isinstance(error, (ServiceOverloaded, OSError)):  # a TimeoutError is an OSError
                _log.exception("unexpected error while pushing spooled webhooks", lane=lane)
            return
        self._breakers.succeeded(lane)
        self._batch_size.succeeded(lane)
        self.records += len(receipts)
        self.bytes += sum(map(len, receipts))
        segment.pushed(lane, end)
        if not segment.remaining:
            await self.segments.sweep()
