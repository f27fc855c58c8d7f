"""The ingress's spool: webhooks that Redis cannot take wait here, fsynced, until it can."""

from ingress.delivery.failover import Durable
from ingress.spool.circuit_breaker import Breakers
from ingress.spool.segments import Usage
from ingress.spool.status import State
from ingress.spool.writer import Spool

__all__ = ["Breakers", "Durable", "Spool", "State", "Usage"]
