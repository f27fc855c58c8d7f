"""The ingress's spool: webhooks that Redis cannot take wait here, fsynced, until it can."""

from ingress.delivery.failover import FailoverWriter
from ingress.spool.circuit_breaker import LaneCircuitBreakers
from ingress.spool.segments import SpoolUsage
from ingress.spool.status import SpoolStatus
from ingress.spool.writer import SpoolWriter

__all__ = ["FailoverWriter", "LaneCircuitBreakers", "SpoolStatus", "SpoolUsage", "SpoolWriter"]
