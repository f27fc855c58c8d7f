"""What Sluice reads of a running Celery worker, and how it stops one."""

import os
from typing import Any

from celery import bootsteps
from celery.worker import state

from workers.runtime.liveness.watchdog import WorkerSnapshot

_RUN: int = bootsteps.RUN  # type: ignore[attr-defined]  # missing in the type stubs


class CeleryWorker:
    """A worker (`celery.worker.WorkController`), seen from its main process."""

    def __init__(self, controller: Any) -> None:
        self._controller = controller

    def snapshot(self) -> WorkerSnapshot:
        """Return the worker's state now."""
        worker = self._controller
        return WorkerSnapshot(
            node=worker.hostname,
            pool=str(worker.pool_cls.__module__.rpartition(".")[2]),
            queues=tuple(worker.app.amqp.queues.consume_from),
            is_running=worker.blueprint.state == _RUN,
            taken=len(state.reserved_requests),
            running=len(state.active_requests),
            # Celery's own limit to what it takes: see worker_disable_prefetch in celery/worker/consumer/tasks.py.
            slots=int(
                worker.max_concurrency or getattr(worker.pool, "num_processes", None) or worker.concurrency,
            ),
        )

    def request_stop(self, exit_code: int) -> None:
        """Ask for a warm stop. Celery's event loop checks this at every turn."""
        state.should_stop = exit_code  # type: ignore[assignment]  # the stubs say bool

    def process_ids(self) -> list[int]:
        """Return the ids of the main process and of the pool's living processes (only a prefork pool has any)."""
        try:
            return [os.getpid(), *self._controller.pool.info.get("processes", ())]
        except (AttributeError, TypeError):  # the pool does not exist yet, or no longer
            return [os.getpid()]
