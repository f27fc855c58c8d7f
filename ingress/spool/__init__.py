"""The ingress's spool: webhooks that Redis cannot take wait here, fsynced, until it can."""

from ingress.spool.breaker import Breakers
from ingress.spool.durable import Durable
from ingress.spool.folder import Usage
from ingress.spool.spool import Spool
from ingress.spool.state import State

__all__ = ["Breakers", "Durable", "Spool", "State", "Usage"]
