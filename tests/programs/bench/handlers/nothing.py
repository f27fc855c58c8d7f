"""A handler that does nothing, to whole batches: what is left is the cost of the lanes."""

from collections.abc import Sequence

from workers.events import StatusUpdate
from workers.handlers import handler


@handler("sent", "delivered", "read", batch=True)
def nothing(events: Sequence[StatusUpdate]) -> None:
    pass
