"""The built-in handlers: `store` writes every event to the event store."""

from collections.abc import Callable, Sequence

from shared.errors import Reject, Retry
from workers.events import TYPES, Event
from workers.handlers.registry import handler
from workers.store import RowRejected, Store


def register(store: Callable[[], Store]) -> None:
    """Register the handler `store` for every event type. `store()` returns this process's event store."""

    @handler(*sorted(TYPES), name="store", batch=True, retry=Retry(attempts=12, base=1.0, cap=600.0), timeout=60.0)
    def store_events(events: Sequence[Event]) -> None:
        try:
            store().write(events)
        except RowRejected as error:
            # The database will never accept it. In a batch this finds the event concerned; alone it is a dead letter.
            raise Reject(str(error)) from error
