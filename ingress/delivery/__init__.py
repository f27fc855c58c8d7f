"""Make receipts durable: group commit, Redis, and the spool while Redis is unavailable."""

from ingress.delivery.delivery import Delivery
from ingress.delivery.failover import FailoverWriter

__all__ = ["Delivery", "FailoverWriter"]
