"""The built-in handlers: every event is written to the event store."""

from collections.abc import Callable, Sequence

from shared.errors import Reject, Retry
from workers.events import TYPES, Event
from workers.handlers.registry import handler
from workers.store import RowRejected, Store


def register(store: Callable[[], Store]) -> None:
    """Registers `store` for every event type. `store()` answers this process' event store."""

    @handler(*sorted(TYPES), name="store", batch=True, retry=Retry(attempts=12, base=1.0, cap=600.0), timeout=60.0)
    def write(events: Sequence[Event]) -> None:
        try:
            store().write(events)
        except RowRejected as error:
            # The database will never take it. In a batch this finds the culprit; alone it is a dead letter.
            raise Reject(str(error)) from error
