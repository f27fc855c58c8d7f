"""The status of the spool, for health and metrics."""

from typing import NamedTuple

from ingress.spool.segments import SpoolUsage


class SpoolStatus(NamedTuple):
    """The counters cover this process since its start; `usage` covers the whole folder and is up to a second old.

    The number of waiting records is unknown: other processes drain this process's segments too, and the segments that
    an earlier run left would have to be read to count theirs.
    """

    open_lanes: tuple[str, ...] = ()  # lanes whose circuit breaker is open: their webhooks go straight to the spool
    spooled_records: int = 0
    spooled_bytes: int = 0
    drained_records: int = 0  # including those of segments that other processes left
    drained_bytes: int = 0
    usage: SpoolUsage = SpoolUsage()
    refusing: str = ""  # why the spool refuses webhooks; "" if it accepts them, as far as is known
    folder: str = ""
    limit: int = 0  # bytes that the folder may hold
