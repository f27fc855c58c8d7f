"""Handlers: the functions that events are given to.

A handler runs at least once for each event of its types. What it does with the event decides what happens next:

- It returns: the event is handled.
- It raises `Retry.after(30)`: the event is handled again in 30 seconds.
- It raises `Reject("why")`: the event becomes a dead letter.
- It raises `Unavailable("why")`: what it needs is down, so its lane waits and no attempt is spent.
- It raises anything else: the event is retried by the handler's retry policy.

Example:
    ```python
    from workers.events import TextMessage
    from workers.handlers import Reject, Retry, handler

    @handler("text")
    def greet(event: TextMessage) -> None:
        ...
    ```
"""

from shared.errors import Reject, Retry, Unavailable
from workers.handlers.registry import handler

__all__ = ["Reject", "Retry", "Unavailable", "handler"]
