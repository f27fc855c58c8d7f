"""The Celery tasks: one a lane, and each drains it."""

from collections.abc import Callable

from celery import Task
from redis.exceptions import RedisError

from shared.observability.logging import get_logger, log_context
from workers.runtime.drain import Drain

_log = get_logger(__name__)


class DrainTask(Task):  # type: ignore[type-arg]  # celery.Task takes no parameters at run time
    """Drains a lane when its wake-up comes. Takes no arguments: what there is to do waits in the lane."""

    ignore_result = True
    acks_late = False  # a lost wake-up costs at most a tick, a repeated one a look at an empty lane

    def __init__(self, lane: str, drain: Callable[[], Drain], hard_limit: int) -> None:
        self.name = lane
        self.time_limit = hard_limit  # seconds; enforced by the prefork pool
        self._drain = drain

    def run(self) -> None:
        """One wake-up's worth of work."""
        with log_context(lane=self.name):
            try:
                self._drain().run(self.request.id)
            except RedisError as error:
                # What was taken comes back when its lease runs out, and the tick sends new wake-ups.
                _log.error("Redis was lost during a drain", error=type(error).__name__)
