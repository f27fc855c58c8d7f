"""The self-ping: a message that a worker sends to itself, to see whether its consumer still receives messages.

It comes through a queue of this one worker, the last in the order of queues, so it reaches a worker that has nothing
else to do. It is not work: the main process counts it when it arrives, and no process of the pool sees it.
"""

import itertools

from workers.lanes import wakeup_message

#: Name of the Celery task that the message calls.
TASK = "sluice.pulse"


class SelfPing:
    """One worker's self-pings, and the Celery queue they go through."""

    def __init__(self, worker: str) -> None:
        self.queue = f"pulse.{worker}"
        self.key = wakeup_message.KEY_PREFIX + self.queue  # of the list in Redis that is the queue
        self._template = wakeup_message.template(TASK, self.queue)
        self._counter = itertools.count()

    def message(self) -> str:
        """Return a new message in the form in which it lies in the queue. No two messages have the same id."""
        return self._template.replace(wakeup_message.PLACEHOLDER, f"{self.queue}-{next(self._counter)}")
