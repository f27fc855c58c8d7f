"""The ingress's spool: webhooks that Redis cannot take wait here, fsynced, until it can."""

from ingress.spool.breaker import Breakers
from ingress.spool.durable import Durable
from ingress.spool.spool import Spool, Usage
from ingress.spool.state import State

__all__ = ["Breakers", "Durable", "Spool", "State", "Usage"]
