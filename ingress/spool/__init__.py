"""The spool: while Redis is unavailable, webhooks wait here in fsynced files, and are drained to Redis afterwards."""

from ingress.spool.circuit_breaker import LaneCircuitBreakers
from ingress.spool.segments import SpoolUsage
from ingress.spool.status import SpoolStatus
from ingress.spool.writer import SpoolWriter

__all__ = ["LaneCircuitBreakers", "SpoolStatus", "SpoolUsage", "SpoolWriter"]
