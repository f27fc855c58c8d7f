"""How Celery talks to Redis and stops, where its defaults keep lanes waiting or need memory in a full Redis."""

import logging
from typing import Any

import billiard.pool
from celery.app import amqp
from kombu import Connection, Queue

#: Seconds between two tries to reach Redis.
RECONNECT_INTERVAL = 1.0
#: Name of the Celery logger that reports each failed try, and the text by which such a line is recognised.
_CONNECTION_LOGGER, _CANNOT_CONNECT = "celery.worker.consumer.consumer", "Cannot connect to"
#: Seconds without such a line after which the next one belongs to another outage.
_OUTAGE_GAP = 30.0

# When a process of a prefork pool ends, it waits up to 30 s for the main process to read its last result. A main
# process that is stopping does not read it: three stops of ten took 30 s. Results are ignored here; 1 s is enough.
billiard.pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = 10  # times 0.1 s


def queue(name: str) -> Queue:
    """Return the Celery queue of that name. It is a list in Redis; nothing is declared, so nothing is written."""
    return Queue(name, exchange="", routing_key=name, no_declare=True)


class FixedIntervalConnection(Connection):
    """A connection that is retried every second. kombu waits 2, 4, 6 … 30 s, so lanes would wait after an outage."""

    def ensure_connection(self, *args: Any, **options: Any) -> Any:
        """See kombu.Connection."""
        interval = {"interval_start": RECONNECT_INTERVAL, "interval_step": 0.0, "interval_max": RECONNECT_INTERVAL}
        return super().ensure_connection(*args, **{**interval, **options})


class LanesAMQP(amqp.AMQP):
    """Celery's broker interface, with connections that are retried every second."""

    Connection = FixedIntervalConnection


class OutageLogFilter(logging.Filter):
    """Passes the first "Cannot connect" line of an outage and drops the others, which Celery repeats at each try."""

    def __init__(self) -> None:
        super().__init__()
        self._last = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the line is the first of an outage, or about something else."""
        if _CANNOT_CONNECT not in str(record.msg):
            return True
        is_first = record.created - self._last > _OUTAGE_GAP
        self._last = record.created
        return is_first


def install_log_filter() -> None:
    """Make Celery log each outage of Redis once."""
    logging.getLogger(_CONNECTION_LOGGER).addFilter(OutageLogFilter())
