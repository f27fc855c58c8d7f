"""The SQL event store: its tables, idempotent writes of events, and the queries of the console and commands."""

from workers.store.errors import RowRejected, StoreUnavailable
from workers.store.schema import tables
from workers.store.store import Store

__all__ = ["RowRejected", "Store", "StoreUnavailable", "tables"]
