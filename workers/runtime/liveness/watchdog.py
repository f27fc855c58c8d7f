"""The watchdog of a worker: it judges whether the worker receives messages, reports that, and ends it if it must."""

import os
import socket
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from redis.exceptions import RedisError

from shared.observability.logging import get_logger
from workers.runtime.liveness import worker_status
from workers.runtime.liveness.self_ping import SelfPing
from workers.runtime.liveness.stall_detector import ConsumerHealth, Observation, initial_health, update
from workers.runtime.liveness.worker_status import WorkerReport, WorkerStatusPublisher

_log = get_logger(__name__)
EXIT_CODE = 1
#: A warm stop may hang. Seconds it may take if no handler runs, and if one does: built-in handlers, and those with the
#: default timeout, end within that time.
STOP_TIMEOUT, STOP_TIMEOUT_WITH_HANDLER = 10.0, 45.0


class WorkerSnapshot(NamedTuple):
    """What can be seen of a worker's main process at one moment."""

    node: str  # Celery's name for the worker
    pool: str  # prefork, threads or solo
    queues: tuple[str, ...]
    is_running: bool  # false while it starts or stops
    taken: int  # wake-ups that it has taken and not finished
    running: int  # of these, those that its pool has begun
    slots: int  # how many it takes at a time


class WatchedWorker(Protocol):
    """A worker as the watchdog needs it."""

    def snapshot(self) -> WorkerSnapshot:
        """Return the worker's state now."""
        ...

    def request_stop(self, exit_code: int) -> None:
        """Ask the worker for a warm stop, at the end of which it exits with this code."""
        ...


class Watchdog:
    """Watches one worker. The worker's main thread reports messages and ticks; all else runs in the watchdog's thread.

    `exit_now` ends the process at once.
    """

    def __init__(
        self,
        self_ping: SelfPing,
        publisher: WorkerStatusPublisher,
        *,
        clock: Callable[[], float] = time.monotonic,
        exit_now: Callable[[int], object] = os._exit,
    ) -> None:
        self.self_ping = self_ping
        self._publisher = publisher
        self._clock = clock
        self._exit_now = exit_now
        self._received = self._ticks = 0
        self._health: ConsumerHealth | None = None
        self._ping_pending = False
        self._stop_requested_at: float | None = None

    def on_message(self) -> None:
        """Count a message that the consumer received."""
        self._received += 1

    def on_loop_tick(self) -> None:
        """Count a turn of the event loop."""
        self._ticks += 1

    def check(self, worker: WatchedWorker) -> None:
        """Look at the worker once, act on it, and publish its status. Never raises because of an outage."""
        now, seen = self._clock(), worker.snapshot()
        if self._stop_requested_at is not None:
            self._enforce_stop(seen, now - self._stop_requested_at)
        elif seen.is_running:
            self._judge(worker, seen, now)
        self._publish(seen)

    def withdraw(self) -> None:
        """Remove the worker's status after a clean stop."""
        try:
            self._publisher.withdraw()
        except (RedisError, OSError):
            return  # the report expires on its own

    def _judge(self, worker: WatchedWorker, seen: WorkerSnapshot, now: float) -> None:
        before = self._health or initial_health(now)
        observation = Observation(
            self._received, self._ticks, seen.taken, seen.running, seen.slots, self._ping_pending, seen.pool == "solo"
        )
        after = self._health = update(before, observation, now)
        if after.stalled and not before.stalled:
            _log.error(
                "worker receives no messages although it has free slots", seconds=round(after.silent), taken=seen.taken
            )
        elif before.stalled and not after.stalled:
            _log.warning("worker receives messages again")
        if after.unrecoverable:
            _log.error("worker still receives no messages; it stops, to be restarted", exit_code=EXIT_CODE)
            self._stop_requested_at = now
            worker.request_stop(EXIT_CODE)

    def _enforce_stop(self, seen: WorkerSnapshot, seconds: float) -> None:
        if seconds >= (STOP_TIMEOUT_WITH_HANDLER if seen.running else STOP_TIMEOUT):
            _log.error("worker hangs while stopping; it exits now, and others take over its entries")
            self._exit_now(EXIT_CODE)

    def _publish(self, seen: WorkerSnapshot) -> None:
        health = self._health
        ping = self.self_ping.message() if health and health.needs_ping and self._stop_requested_at is None else ""
        report = WorkerReport(
            host=socket.gethostname(),
            node=seen.node,
            pid=os.getpid(),
            pool=seen.pool,
            queues=tuple(name for name in seen.queues if name != self.self_ping.queue),
            state=self._state(seen),
            silent=round(health.silent, 1) if health else 0.0,
            running=seen.running,
            slots=seen.slots,
        )
        try:
            self._publisher.publish(report, ping)
        except (RedisError, OSError):  # lane maintenance logs that Redis is away
            self._ping_pending = False
        else:
            self._ping_pending = bool(ping)

    def _state(self, seen: WorkerSnapshot) -> str:
        if self._stop_requested_at is not None:
            return worker_status.ENDING
        if not seen.is_running:
            return worker_status.STOPPING
        health = self._health
        if health and health.stalled:
            return worker_status.STALLED
        if health is None or not health.has_received:
            return worker_status.STARTING
        return worker_status.FULL if health.full else worker_status.LISTENING
