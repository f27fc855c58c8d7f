"""The Celery tasks: one for each lane, which drains it, and the self-ping's."""

from collections.abc import Callable
from typing import Any

from celery import Task
from redis.exceptions import RedisError

from shared.observability.logging import get_logger, log_context
from workers.runtime.drain import Drain
from workers.runtime.liveness import self_ping

_log = get_logger(__name__)


class DrainTask(Task):  # type: ignore[type-arg]  # celery.Task takes no parameters at run time
    """Drains a lane when a wake-up arrives. It takes no arguments: the work waits in the lane."""

    ignore_result = True
    acks_late = False  # a lost wake-up costs a second at most, a repeated one a look at an empty lane

    def __init__(self, lane: str, drain: Callable[[], Drain], hard_limit: int) -> None:
        self.name = lane
        self.time_limit = hard_limit  # seconds; enforced by the prefork pool
        self._drain = drain

    def run(self) -> None:
        """Drain the lane once."""
        with log_context(lane=self.name):
            try:
                self._drain().run(self.request.id)
            except RedisError as error:
                # The entries come back when their lease ends, and lane maintenance sends new wake-ups.
                _log.error("lost Redis during a drain; its entries are taken again later", error=type(error).__name__)


class SelfPingTask(Task):  # type: ignore[type-arg]  # celery.Task takes no parameters at run time
    """Calls `on_ping` in the main process when a self-ping arrives. It never runs in the pool."""

    name = self_ping.TASK
    ignore_result = True

    def __init__(self, on_ping: Callable[[], None]) -> None:
        self._on_ping = on_ping

    def Strategy(self, *_worker: Any) -> Callable[..., None]:  # type: ignore[override]  # noqa: N802 - Celery's name
        """Return what a worker does with such a message, before its pool: Celery's hook."""

        def receive(message: Any, *_rest: object) -> None:
            message.ack()
            self._on_ping()

        return receive

    def run(self) -> None:
        """Never called."""
