"""The segments that are being drained just now, handled off the event loop."""

from ingress.spool import drain_policy
from ingress.spool.claim import Claim
from ingress.spool.claims import Claims
from ingress.spool.thread import OneThread
from shared.observability.logging import logger

_log = logger(__name__)


class Holdings:
    """Claimed segments, oldest first. One task at a time may use it; blocking work goes to `thread`."""

    def __init__(self, claims: Claims, thread: OneThread) -> None:
        self._claims = claims
        self._thread = thread
        self._held: list[Claim] = []
        self._read_last: Claim | None = None
        self._stuck: set[str] = set()

    def __getitem__(self, index: int) -> Claim:
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

    async def read(self, claim: Claim, lane: str, most: int) -> tuple[list[bytes], int]:
        """The lane's next receipts; none where the segment turns out not to be readable, and then it is passed over."""
        if self._read_last is not None and self._read_last is not claim:
            self._read_last.forget()
        self._read_last = claim
        try:
            return await self._thread.run(claim.batch, lane, most, drain_policy.MOST_BYTES)
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
