"""Draining: what is in the spool goes to Redis, in order, at a bounded rate; and the probes whether Redis takes it."""

import time
from collections.abc import Awaitable, Callable, Sequence

from ingress.spool import drain_policy
from ingress.spool.append_queue import SingleThreadExecutor
from ingress.spool.circuit_breaker import LaneCircuitBreakers
from ingress.spool.claims import ClaimedSegment, SegmentClaims
from ingress.spool.writer import SpoolWriter
from shared.errors import ServiceOverloaded
from shared.observability.logging import get_logger


class DrainingSegments:
    """Claimed segments, oldest first. One task at a time may use it; blocking work goes to `thread`."""

    def __init__(self, claims: SegmentClaims, thread: SingleThreadExecutor) -> None:
        self._claims = claims
        self._thread = thread
        self._held: list[ClaimedSegment] = []
        self._read_last: ClaimedSegment | None = None
        self._stuck: set[str] = set()

    def __getitem__(self, index: int) -> ClaimedSegment:
        return self._held[index]

    def __len__(self) -> int:
        return len(self._held)

    @property
    def lanes_left(self) -> list[frozenset[str]]:
        """Of each segment, the lanes that are not through yet."""
        return [frozenset(claim.left) for claim in self._held]

    async def claim(self) -> bool:
        """Takes all that is nobody's; whether there was any. Raises OSError where the folder cannot be read."""
        before = len(self._held)
        # One at a time: reading a segment takes a while, and appends shall come in between.
        while claim := await self._thread.run(self._claims.take):
            self._held.append(claim)
        self._held.sort(key=lambda each: each.name)
        return len(self._held) > before

    async def read(self, claim: ClaimedSegment, lane: str, most: int) -> tuple[list[bytes], int]:
        """The lane's next receipts; none where the segment turns out not to be readable, and then it is passed over."""
        if self._read_last is not None and self._read_last is not claim:
            self._read_last.forget()
        self._read_last = claim
        try:
            return await self._thread.run(claim.batch, lane, most, drain_policy.MAX_BATCH_BYTES)
        except OSError as error:
            self._held.remove(claim)
            await self._thread.run(self._claims.pass_over, claim, error)
            return [], 0

    async def sweep(self) -> None:
        """Removes the segments that are through. One that cannot be removed stays until a later sweep: it holds nothing
        that Redis has not."""
        for claim in [claim for claim in self._held if not claim.left]:
            try:
                await self._thread.run(self._claims.remove, claim)
            except OSError as error:
                if claim.name not in self._stuck:
                    self._stuck.add(claim.name)
                    _log.error("a drained spool segment cannot be removed", file=claim.name, error=str(error))
            else:
                self._held.remove(claim)

    async def release(self) -> None:
        """Leaves them to whoever claims them next."""
        self._held.clear()
        await self._thread.run(self._claims.release)


_log = get_logger(__name__)
#: Seconds between two looks at the folder: others may have left segments in it.
SCAN_INTERVAL = 1.0
Push = Callable[[str, Sequence[bytes]], Awaitable[None]]  # (lane, receipts); raises ServiceOverloaded
Ping = Callable[[], Awaitable[str | None]]  # None where Redis answers, else why not


class SpoolDrainer:
    """Takes one step at a time.

    Receipts of a lane are pushed in the order of the segments and of the records in them. `rate` is records a second,
    probes included; `first` names the lanes that go before all others. A receipt may be pushed twice (a lost answer, a
    crash), never left out: a segment is removed only once all that is whole in it was pushed.
    """

    def __init__(
        self,
        spool: SpoolWriter,
        push: Push,
        ping: Ping,
        breakers: LaneCircuitBreakers,
        thread: SingleThreadExecutor,
        *,
        rate: float = 5000.0,
        first: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.records = 0  # drained since the start
        self.bytes = 0
        self.holdings = DrainingSegments(SegmentClaims(spool.path), thread)
        self._spool = spool
        self._push = push
        self._ping = ping
        self._breakers = breakers
        self._thread = thread
        self._pace = drain_policy.RateLimiter(rate)
        self._portions = drain_policy.DrainBatchSize(self._pace.portion)
        self._first = first
        self._clock = clock
        self._next_look = clock()
        self._blind = False  # the folder could not be read at the last look

    async def step(self) -> float:
        """Does what is due, at most one push; replies how many seconds the next step may wait."""
        if lane := self._breakers.due():  # first: nothing that is wrong with the spool may keep Redis out of use
            await self._probe(lane)
            return 0.0
        if self._clock() >= self._next_look:
            await self._look()
        strand = drain_policy.next_drain_target(self.holdings.lanes_left, self._breakers.open_lanes, self._first)
        paced = self._pace.wait(self._clock())
        if strand is None or paced:
            waits = (self._next_look - self._clock(), self._breakers.wait(), paced)
            return max(0.0, min(waits if strand else waits[:2]))
        await self._push_portion(self.holdings[strand[0]], strand[1])
        return 0.0

    async def _look(self) -> None:
        """Claims what is nobody's, and ends the segment that is being written if that brings something to push."""
        self._next_look = self._clock() + SCAN_INTERVAL
        try:
            await self.holdings.claim()
            written = await self._thread.run(self._spool.written_lanes)
            if drain_policy.should_rotate(written, self.holdings.lanes_left, self._breakers.open_lanes):
                await self._thread.run(self._spool.close_segment)
                await self.holdings.claim()
        except OSError as error:
            if not self._blind:
                _log.error("the spool's folder cannot be read; what is in it waits", error=str(error))
            self._blind = True
        else:
            self._blind = False
        await self.holdings.sweep()

    async def _probe(self, lane: str) -> None:
        """Pushes the lane's oldest portion, or pings where it has none: that Redis answers is all that can be known."""
        index = drain_policy.oldest_with(lane, self.holdings.lanes_left)
        if index >= 0:
            await self._push_portion(self.holdings[index], lane)
        elif await self._ping() is None:
            self._breakers.succeeded(lane)
        else:
            self._breakers.failed(lane)

    async def _push_portion(self, claim: ClaimedSegment, lane: str) -> None:
        receipts, end = await self.holdings.read(claim, lane, self._portions.size(lane))
        if not receipts:
            return
        self._pace.spent(len(receipts), self._clock())
        try:
            await self._push(lane, receipts)
        except Exception as error:  # noqa: BLE001 - whatever it was, these are tried again; none may be skipped
            self._breakers.failed(lane)
            self._portions.failed(lane)
            if not isinstance(error, (ServiceOverloaded, OSError)):  # a TimeoutError is an OSError
                _log.exception("spooled webhooks could not be pushed", lane=lane)
            return
        self._breakers.succeeded(lane)
        self._portions.succeeded(lane)
        self.records += len(receipts)
        self.bytes += sum(map(len, receipts))
        claim.pushed(lane, end)
        if not claim.left:
            await self.holdings.sweep()
