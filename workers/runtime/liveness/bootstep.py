"""The part of a Celery worker that has it watched, from a thread.

A thread, since what there is to notice may be that the event loop stands still, and with it every timer of Celery's. It
begins after the pool has forked its processes. Those that are forked later get nothing of it: it has a connection of
its own, and holds no lock while it waits.
"""

import threading
from typing import Any

from celery import bootsteps
from celery.signals import worker_ready, worker_shutdown

from workers.runtime.celery import broker
from workers.runtime.liveness import self_ping
from workers.runtime.liveness.watchdog import Watchdog

CHECK_INTERVAL = 1.0  # seconds


class WatchdogStep(bootsteps.StartStopStep):
    """Has a worker watched from when it is ready to take messages until it has stopped."""

    requires = ("celery.worker.components:Timer",)
    watch: Watchdog  # set by the application's own subclass: Celery makes the step itself

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()
        worker.app.amqp.queues.select_add(broker.queue(self.watch.pulses.queue))  # beside those of -Q

    def start(self, worker: Any) -> None:
        """Notes messages and the event loop's turns, and begins to watch when the worker is ready."""
        self_ping.on_message(self.watch.on_message)
        worker.timer.call_repeatedly(CHECK_INTERVAL, self.watch.on_loop_tick)
        # Not at the loop's first turn: that of a solo worker comes after its first messages, however long they take.
        worker_ready.connect(self._begin, weak=False)
        worker_shutdown.connect(self._end, weak=False)

    def _begin(self, sender: Any, **_details: object) -> None:
        self._thread = threading.Thread(target=self._keep, args=(sender.controller,), name="watch", daemon=True)
        self._thread.start()

    def _keep(self, worker: Any) -> None:
        while not self._stopped.is_set():
            self.watch.check(worker)
            self._stopped.wait(CHECK_INTERVAL)

    def _end(self, **_details: object) -> None:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(CHECK_INTERVAL)
            self.watch.leave()
