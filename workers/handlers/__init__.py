"""Handlers: the functions that events are for.

    from workers.handlers import handler, Retry, Reject
    from workers.events import TextMessage

    @handler("text")
    def greet(event: TextMessage) -> None: ...

A handler runs at least once for each event of its types. Returning is success; `raise Retry.after(30)` asks for
another run, `raise Reject("why")` gives up; any other exception is tried again by the handler's retry policy.
"""

from shared.errors import Reject, Retry, Unavailable
from workers.handlers.registry import handler

__all__ = ["Reject", "Retry", "Unavailable", "handler"]
