"""How the endpoint makes receipts durable: a group commit per intake lane, in front of the failover writer."""

from functools import partial

from ingress.delivery.failover import FailoverWriter
from ingress.delivery.group_commit import GroupCommit, OnCommitted
from ingress.process_stats import ProcessCounters
from ingress.spool.status import SpoolStatus
from shared.lanes.intake import INTAKE_LANES


class Delivery:
    """Makes receipts durable, in Redis or else in the spool.

    Each lane has its own group commit, so that a lane whose backlog is full does not hold up the others.
    """

    def __init__(self, writer: FailoverWriter, counters: ProcessCounters) -> None:
        self._writer = writer
        self._groups: dict[str, GroupCommit[bytes]] = {
            lane: GroupCommit(partial(writer.commit, lane), counters) for lane in INTAKE_LANES
        }

    def submit(self, lane: str, receipt: bytes, on_committed: OnCommitted) -> None:
        """Call `on_committed` once, later: with None if the receipt is durable, else with the error.

        Raises ServiceOverloaded if too many receipts are waiting already.
        """
        self._groups[lane].submit(receipt, on_committed)

    async def commit(self, lane: str, receipt: bytes) -> None:
        """Return once the receipt is durable. Raises ServiceOverloaded."""
        await self._groups[lane].commit(receipt)

    def start(self) -> None:
        """Start draining the spool, including what an earlier run left."""
        self._writer.start()

    async def stop(self) -> None:
        """Stop draining and close the spool."""
        await self._writer.stop()

    def spool_status(self) -> SpoolStatus:
        """Return the spool's status, for health and metrics."""
        return self._writer.status()
