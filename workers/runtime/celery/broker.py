"""How Celery speaks to Redis and ends, where its own ways would keep lanes waiting or need room in a full Redis."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import billiard.pool
from celery import bootsteps
from celery.app import amqp
from celery.concurrency import thread
from kombu import Connection, Queue

#: Seconds between two tries to reach Redis again.
RECONNECT_INTERVAL = 1.0
#: Celery's logger that tells of each of them, and how long it may be silent within one outage, in seconds.
_TELLS, _PAUSE = "celery.worker.consumer.consumer", 30.0

# At its end a process of a prefork pool waits 30 s for the main process to read its last result. When that stops, it
# waits for the process only: three stops of ten took 30 s. Our results say nothing; 1 s is enough.
billiard.pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = 10  # times 0.1 s


def queue(name: str) -> Queue:
    """A Celery queue by its name alone. It is a list in Redis: nothing has to be declared, so nothing is written."""
    return Queue(name, exchange="", routing_key=name, no_declare=True)


class FixedIntervalConnection(Connection):
    """Tries again every second. Kombu waits 2, 4, 6 and up to 30 s, so that lanes stand still after a long outage."""

    def ensure_connection(self, *args: Any, **options: Any) -> Any:
        """As kombu's."""
        steady = {"interval_start": RECONNECT_INTERVAL, "interval_step": 0.0, "interval_max": RECONNECT_INTERVAL}
        return super().ensure_connection(*args, **{**steady, **options})


class LanesAMQP(amqp.AMQP):
    """Celery's broker side, with such connections."""

    Connection = FixedIntervalConnection


class DisableGossipStep(bootsteps.Step):
    """Leaves out what Celery's workers tell each other: nobody here listens to it."""

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        worker.options.update(without_gossip=True, without_mingle=True, without_heartbeat=True)


class NotifyingThreadPool(ThreadPoolExecutor):
    """Threads that call `tell` whenever one of them has nothing to do any more."""

    def __init__(self, threads: int, tell: Callable[[], object]) -> None:
        super().__init__(threads)
        self._tell = tell

    def submit(self, *call: Any, **named: Any) -> Future[Any]:
        """As ThreadPoolExecutor's."""
        future: Future[Any] = super().submit(*call, **named)
        future.add_done_callback(lambda _: self._tell())
        return future


class WakeOnThreadIdleStep(bootsteps.StartStopStep):
    """Has a worker whose threads are all at work take its next wake-up as soon as one of them is free.

    It takes none while they are (`worker_disable_prefetch`), and its event loop, which sees whether they are, does not
    turn when a thread ends what it did: up to a second, until the next tick. (Processes of a pool answer by a pipe.)
    """

    requires = ("celery.worker.components:Pool", "celery.worker.components:Hub")

    def start(self, worker: Any) -> None:
        """Before the first wake-up is taken."""
        has_threads = isinstance(worker.pool, thread.TaskPool)
        if has_threads and worker.hub is not None:
            worker.pool.executor = NotifyingThreadPool(worker.pool.limit, lambda: worker.hub.call_soon(_turn))


def _turn() -> None:
    """All that is wanted is that the loop comes round."""


class OutageLogFilter(logging.Filter):
    """Lets one line of an outage pass of those that Celery repeats at each try."""

    def __init__(self) -> None:
        super().__init__()
        self._last = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is of another kind, or the first for a while."""
        if "Cannot connect to" not in str(record.msg):
            return True
        first = record.created - self._last > _PAUSE
        self._last = record.created
        return first


def install_log_filter() -> None:
    """From now on Celery tells once of an outage."""
    logging.getLogger(_TELLS).addFilter(OutageLogFilter())
