"""The event store in SQL: tables, and writing events to them so that every repetition changes nothing."""

from workers.store.errors import RowRejected, StoreUnavailable
from workers.store.schema import tables
from workers.store.store import Store

__all__ = ["RowRejected", "Store", "StoreUnavailable", "tables"]
