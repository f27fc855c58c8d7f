"""Sluice's parts of a Celery worker: bootsteps, which Celery creates, starts and stops with the worker.

`maintenance_step` and `watchdog_step` return classes, since Celery creates a bootstep itself, from its class.
"""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, cast

from celery import bootsteps
from celery.concurrency import thread
from celery.signals import task_received, task_rejected, task_unknown, worker_ready, worker_shutdown

from workers.runtime.celery import broker
from workers.runtime.celery.worker import CeleryWorker
from workers.runtime.liveness.watchdog import Watchdog
from workers.runtime.maintenance import MAINTENANCE_INTERVAL

#: Seconds between two looks of the watchdog.
CHECK_INTERVAL = 1.0


class DisableGossipStep(bootsteps.Step):
    """Turns off the events that Celery's workers send to each other: nothing here uses them."""

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        worker.options.update(without_gossip=True, without_mingle=True, without_heartbeat=True)


class NotifyingThreadPool(ThreadPoolExecutor):
    """A pool of threads that calls `on_idle` whenever a task is done."""

    def __init__(self, threads: int, on_idle: Callable[[], object]) -> None:
        super().__init__(threads)
        self._on_idle = on_idle

    def submit(self, *call: Any, **named: Any) -> Future[Any]:
        """See ThreadPoolExecutor."""
        future: Future[Any] = super().submit(*call, **named)
        future.add_done_callback(lambda _: self._on_idle())
        return future


class WakeOnThreadIdleStep(bootsteps.StartStopStep):
    """Lets a worker whose threads were all busy take its next wake-up as soon as a thread is free.

    While all are busy it takes none (`worker_disable_prefetch`), and its event loop, which checks that, does not turn
    when a thread finishes: without this step up to a second passes, until the next timer. (The processes of a prefork
    pool answer through a pipe, which turns the loop.)
    """

    requires = ("celery.worker.components:Pool", "celery.worker.components:Hub")

    def start(self, worker: Any) -> None:
        """Replace the pool's executor, before the first wake-up is taken."""
        has_threads = isinstance(worker.pool, thread.TaskPool)
        if has_threads and worker.hub is not None:
            worker.pool.executor = NotifyingThreadPool(worker.pool.limit, lambda: worker.hub.call_soon(_do_nothing))


def _do_nothing() -> None:
    """Scheduling this function is enough to turn the event loop."""


class MaintenanceStep(bootsteps.StartStopStep):
    """Runs lane maintenance from the worker's timer, which the prefork, solo and threads pools all have."""

    requires = ("celery.worker.components:Timer",)
    run_maintenance: Callable[[Sequence[int]], None]  # takes the ids of the worker's living processes

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._timer_entry: Any = None

    def start(self, worker: Any) -> None:
        """Start maintenance. Its first run registers the lanes before the worker consumes."""
        self.run_maintenance([os.getpid()])
        self._timer_entry = worker.timer.call_repeatedly(
            MAINTENANCE_INTERVAL, lambda: self.run_maintenance(CeleryWorker(worker).process_ids())
        )

    def stop(self, worker: Any) -> None:  # noqa: ARG002 - Celery's signature
        """Stop maintenance."""
        if self._timer_entry is not None:
            self._timer_entry.cancel()


class WatchdogStep(bootsteps.StartStopStep):
    """Has a worker watched from when it is ready to receive messages until it has stopped.

    The watchdog has a thread of its own, since what it must notice may be that the event loop stands still, and every
    Celery timer with it. It starts after the pool has forked its processes. Processes that are forked later are not
    affected: it has a connection of its own and holds no lock while it waits.
    """

    requires = ("celery.worker.components:Timer",)
    watchdog: Watchdog

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()
        worker.app.amqp.queues.select_add(broker.queue(self.watchdog.self_ping.queue))  # besides those of -Q

    def start(self, worker: Any) -> None:
        """Count messages and the event loop's turns, and start the watchdog when the worker is ready."""
        for signal in (task_received, task_unknown, task_rejected):
            signal.connect(self._on_message, weak=False)
        worker.timer.call_repeatedly(CHECK_INTERVAL, self.watchdog.on_loop_tick)
        # Not at the loop's first turn: a solo worker's comes after its first messages, however long these take.
        worker_ready.connect(self._begin, weak=False)
        worker_shutdown.connect(self._end, weak=False)

    def _on_message(self, **_details: object) -> None:
        self.watchdog.on_message()

    def _begin(self, sender: Any, **_details: object) -> None:
        worker = CeleryWorker(sender.controller)
        self._thread = threading.Thread(target=self._watch, args=(worker,), name="watchdog", daemon=True)
        self._thread.start()

    def _watch(self, worker: CeleryWorker) -> None:
        while not self._stopped.is_set():
            self.watchdog.check(worker)
            self._stopped.wait(CHECK_INTERVAL)

    def _end(self, **_details: object) -> None:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(CHECK_INTERVAL)
            self.watchdog.withdraw()


def maintenance_step(run_maintenance: Callable[[Sequence[int]], None]) -> type[MaintenanceStep]:
    """Return the bootstep that calls `run_maintenance` every second with the ids of the worker's living processes."""
    attributes = {"run_maintenance": staticmethod(run_maintenance)}
    return cast(type[MaintenanceStep], type("Maintenance", (MaintenanceStep,), attributes))


def watchdog_step(watchdog: Watchdog) -> type[WatchdogStep]:
    """Return the bootstep that has a worker watched by `watchdog`."""
    return cast(type[WatchdogStep], type("Watched", (WatchdogStep,), {"watchdog": watchdog}))
