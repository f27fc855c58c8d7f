"""Celery's internals that workers/runtime/celery relies on are as they were when it was written."""

from typing import Any

import pytest
from celery import bootsteps

from tests.support.dependency_contract import Internal, broken

_THREADS = "WakeOnThreadIdleStep may replace the pool's executor (bootsteps.py)"
_SNAPSHOT = "CeleryWorker.snapshot reads the worker's state correctly (worker.py)"
_PROCESSES = "CeleryWorker.process_ids finds the pool's processes (worker.py)"
_STOP = "CeleryWorker.request_stop ends the worker with that exit code (worker.py)"
_PING = "a self-ping reaches SelfPingTask.Strategy in the main process and no pool (tasks.py)"
_STEPS = "bootsteps are created and started as bootsteps.py expects"
_PREFETCH = "a busy worker takes no wake-up, and its limit is WorkerSnapshot.slots (worker.py, application.py)"
_GOSSIP = "DisableGossipStep turns gossip, mingle and heartbeats off (bootsteps.py)"
_QUEUES = "the self-ping's queue is consumed besides those of -Q (WatchdogStep in bootsteps.py)"
_MAINTENANCE = "MaintenanceStep and WatchdogStep get a timer in all pools (bootsteps.py)"
_CONNECTION = "FixedIntervalConnection is the connection that the worker uses (LanesAMQP in broker.py)"
_SIGNALS = "the signals are sent with the arguments that application.py and bootsteps.py use"

INTERNALS = [
    Internal("celery.concurrency.thread:TaskPool.__init__", _THREADS, "1cdfdbd4c175"),
    Internal("celery.concurrency.thread:TaskPool.on_apply", _THREADS, "240c0cbeb89d"),
    Internal("celery.concurrency.thread:TaskPool.on_stop", _THREADS, "2550767a46de"),
    Internal(
        "celery.concurrency.prefork:TaskPool._get_info",
        _PROCESSES,
        "999446efedd1",
    ),
    Internal("celery.concurrency.base:BasePool.num_processes", _SNAPSHOT, "24ecdeacc933"),
    Internal("celery.worker.components:Pool.create", _SNAPSHOT, "be80247e20cb"),
    Internal("celery.worker.worker:WorkController.setup_instance", _SNAPSHOT, "2d023a7539a7"),
    Internal("celery.worker.worker:WorkController.setup_defaults", _SNAPSHOT, "c9c99a54d008"),
    Internal("celery.worker.state:maybe_shutdown", _STOP, "52c045a573bc"),
    Internal("celery.app.task:Task.start_strategy", _PING, "f512e7bd88e4"),
    Internal("celery.worker.consumer.consumer:Consumer.update_strategies", _PING, "cb9ec30fb443"),
    Internal("celery.worker.consumer.consumer:Consumer.create_task_handler", _PING, "1a593315c8a3"),
    Internal("celery.bootsteps:Step.__init__", _STEPS, "cb4c0e591e78"),
    Internal("celery.bootsteps:StartStopStep.start", _STEPS, "725d4bad5ffa"),
    Internal("celery.bootsteps:StartStopStep.stop", _STEPS, "f0538f9521e2"),
    Internal("celery.worker.consumer.tasks:Tasks.start", _PREFETCH, "e9ef78903bd5"),
    Internal("celery.worker.components:Consumer.create", _GOSSIP, "f6fdf32124c2"),
    Internal("celery.worker.consumer.gossip:Gossip.__init__", _GOSSIP, "23b073b0c8c5"),
    Internal("celery.worker.consumer.mingle:Mingle.__init__", _GOSSIP, "dfb7b7301706"),
    Internal("celery.worker.consumer.heart:Heart.__init__", _GOSSIP, "aaf071e8f977"),
    Internal("celery.app.amqp:Queues.select_add", _QUEUES, "6252254a32af"),
    Internal("celery.app.amqp:Queues.consume_from", _QUEUES, "c45ce4f8dffd"),
    Internal("celery.worker.components:Timer.create", _MAINTENANCE, "600fb86c3224"),
    Internal("celery.worker.components:Hub.create", _MAINTENANCE, "d3cfa145c025"),
]
NAMES = [
    *(Internal(f"celery.worker.state:{name}", _SNAPSHOT) for name in ("reserved_requests", "active_requests")),
    Internal("celery.worker.state:should_stop", _STOP),
    Internal("celery.app.task:Task.Strategy", _PING),
    Internal("celery.app.amqp:AMQP.Connection", _CONNECTION),
    Internal("celery.utils.timer2:Timer.call_repeatedly", _MAINTENANCE),
    *(
        Internal(f"celery.signals:{name}", _SIGNALS)
        for name in (
            "setup_logging",
            "task_received",
            "task_rejected",
            "task_unknown",
            "worker_init",
            "worker_process_shutdown",
            "worker_ready",
            "worker_shutdown",
        )
    ),
]


@pytest.mark.parametrize("internal", [*INTERNALS, *NAMES], ids=lambda internal: internal.name)
def test_an_internal_of_celery_is_as_it_was(internal: Internal) -> None:
    assert broken(internal) == ""


def test_a_running_blueprint_has_the_state_that_means_running() -> None:
    module: Any = bootsteps
    assert module.RUN == 1, f"celery.bootsteps.RUN is {module.RUN}. Check that {_SNAPSHOT}."
