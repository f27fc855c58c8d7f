"""Pulses: messages that a worker sends itself, to see whether its consumer takes them.

They come through a queue of this one worker, last in order, so that they reach a worker that has nothing else to do.
They are no work: the main process notes them as they arrive, and no process of its pool hears of them.
"""

import itertools
from collections.abc import Callable
from typing import Any

from celery import Task
from celery.signals import task_received, task_rejected, task_unknown

from workers.lanes import wakeup_message

TASK = "sluice.pulse"


class SelfPing:
    """One worker's pulses, and the Celery queue they go to."""

    def __init__(self, worker: str) -> None:
        self.queue = f"pulse.{worker}"
        self.key = wakeup_message.KEY_PREFIX + self.queue
        self._template = wakeup_message.template(TASK, self.queue)
        self._numbers = itertools.count()

    def message(self) -> str:
        """A pulse as it lies in the queue; no two are alike."""
        return self._template.replace(wakeup_message.PLACEHOLDER, f"{self.queue}-{next(self._numbers)}")


class SelfPingTask(Task):  # type: ignore[type-arg]  # celery.Task takes no parameters at run time
    """What a pulse calls for: nothing. It is noted where it arrives."""

    name = TASK
    ignore_result = True

    def __init__(self, received: Callable[[], None]) -> None:
        self._received = received

    def Strategy(self, *_worker: Any) -> Callable[..., None]:  # type: ignore[override]  # noqa: N802 - Celery's name
        """What a worker does with such a message: Celery's hook before the pool."""

        def take(message: Any, *_rest: object) -> None:
            message.ack()
            self._received()

        return take

    def run(self) -> None:
        """Never called."""


def on_message(received: Callable[[], None]) -> None:
    """Calls it for each message that this process' consumer takes, other than pulses."""

    def note(**_details: object) -> None:
        received()

    for signal in (task_received, task_unknown, task_rejected):
        signal.connect(note, weak=False)
