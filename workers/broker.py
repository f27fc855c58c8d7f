"""How Celery speaks to Redis and ends, where its own ways would keep lanes waiting or need room in a full Redis."""

import logging
from typing import Any

import billiard.pool
from celery import bootsteps
from celery.app import amqp
from kombu import Connection, Queue

#: Seconds between two tries to reach Redis again.
AGAIN = 1.0
#: Celery's logger that tells of each of them, and how long it may be silent within one outage, in seconds.
_TELLS, _PAUSE = "celery.worker.consumer.consumer", 30.0

# At its end a process of a prefork pool waits 30 s for the main process to read its last result. When that stops, it
# waits for the process only: three stops of ten took 30 s. Our results say nothing; 1 s is enough.
billiard.pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = 10  # times 0.1 s


def queue(name: str) -> Queue:
    """A Celery queue by its name alone. It is a list in Redis: nothing has to be declared, so nothing is written."""
    return Queue(name, exchange="", routing_key=name, no_declare=True)


class SteadyConnection(Connection):
    """Tries again every second. Kombu waits 2, 4, 6 and up to 30 s, so that lanes stand still after a long outage."""

    def ensure_connection(self, *args: Any, **options: Any) -> Any:
        """As kombu's."""
        steady = {"interval_start": AGAIN, "interval_step": 0.0, "interval_max": AGAIN}
        return super().ensure_connection(*args, **{**steady, **options})


class AMQP(amqp.AMQP):
    """Celery's broker side, with such connections."""

    Connection = SteadyConnection


class Unsociable(bootsteps.Step):
    """Leaves out what Celery's workers tell each other: nobody here listens to it."""

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        worker.options.update(without_gossip=True, without_mingle=True, without_heartbeat=True)


class OnceAnOutage(logging.Filter):
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


def quieten() -> None:
    """From now on Celery tells once of an outage."""
    logging.getLogger(_TELLS).addFilter(OnceAnOutage())
