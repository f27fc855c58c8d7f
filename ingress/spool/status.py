"""What there is to know about the spool, for health and metrics."""

from typing import NamedTuple

from ingress.spool.segments import SpoolUsage


class SpoolStatus(NamedTuple):
    """Counters are of this process since its start; `usage` is of the whole folder, some seconds old at most.

    How many records wait is not counted: other processes drain ours, and leftovers would have to be read for it.
    """

    open_lanes: tuple[str, ...] = ()  # whose breaker is open: their webhooks go straight to the spool
    spooled_records: int = 0
    spooled_bytes: int = 0
    drained_records: int = 0  # also of segments that others left
    drained_bytes: int = 0
    usage: SpoolUsage = SpoolUsage()
    refusing: str = ""  # why the spool takes no webhooks either; "" as far as it is known to take them
    folder: str = ""
    limit: int = 0  # bytes that the folder may hold
