"""Celery's side of Redis: what it writes there at its start, how it waits, and how often it says so."""

import logging
import threading
from types import SimpleNamespace
from typing import Any

import billiard.pool
import pytest
import redis
from celery import Celery
from celery.concurrency.solo import TaskPool as Solo
from celery.concurrency.thread import TaskPool as Threads
from celery.worker.consumer import consumer as celerys
from kombu.exceptions import OperationalError

from tests.support.programs import free_port
from tests.support.waiting import until
from workers.runtime.celery import bootsteps, broker
from workers.runtime.celery.broker import OutageLogFilter

CANNOT = "consumer: Cannot connect to %s: %s.\n%s\n"  # as celery/worker/consumer/consumer.py has it


def record(message: str, at: float) -> logging.LogRecord:
    found = logging.LogRecord("celery.worker.consumer.consumer", logging.ERROR, "", 1, message, None, None)
    found.created = at
    return found


def test_to_consume_from_a_queue_writes_nothing_into_redis(redis_url: str, client: redis.Redis) -> None:
    with Celery(broker=redis_url, set_as_current=False) as app, app.connection_for_read() as connection:
        app.conf.task_queues = [broker.queue("intake"), broker.queue("statuses")]
        consumer: Any = app.amqp.TaskConsumer(connection.default_channel)
        consumer.consume()
        assert [queue.name for queue in consumer.queues] == ["intake", "statuses"]
        assert client.keys() == []


def test_redis_is_tried_again_every_second_for_as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("kombu.utils.functional.sleep", slept.append)
    intervals: list[float] = []
    with Celery(broker=f"redis://127.0.0.1:{free_port()}/0", amqp=broker.LanesAMQP, set_as_current=False) as app:
        connection: Any = app.connection_for_read()
        with pytest.raises(OperationalError):
            connection.ensure_connection(lambda _error, interval: intervals.append(interval), 40)
    assert set(intervals) == {1.0}
    assert sum(slept) == len(intervals) == 40


def test_an_outage_is_reported_once_however_long_it_is() -> None:
    reported = OutageLogFilter()
    assert [reported.filter(record(CANNOT, at)) for at in (0.0, 1.0, 2.0, 20.0, 45.0)] == [
        True,
        False,
        False,
        False,
        False,
    ]
    assert [reported.filter(record(CANNOT, at)) for at in (76.0, 77.0)] == [True, False]


def test_other_lines_are_reported_always() -> None:
    reported = OutageLogFilter()
    reported.filter(record(CANNOT, 0.0))
    assert [reported.filter(record("something else", at)) for at in (0.1, 0.2)] == [True, True]


def test_the_line_that_is_reported_once_is_the_one_that_celery_writes() -> None:
    module: Any = celerys
    assert (module.CONNECTION_ERROR, module.logger.name) == (CANNOT, "celery.worker.consumer.consumer")


def test_a_process_of_the_pool_does_not_wait_long_for_a_main_process_that_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("billiard.pool.time", SimpleNamespace(sleep=slept.append))
    process: Any = object.__new__(billiard.pool.Worker)
    process.on_ready_counter = SimpleNamespace(value=0)  # results that the main process has read
    assert process._ensure_messages_consumed(completed=1) is False  # noqa: SLF001 - billiard's, which we bound
    assert sum(slept) == pytest.approx(1.0)


def test_a_thread_that_is_free_again_turns_the_event_loop() -> None:
    turned: list[bool] = []
    free = threading.Event()
    worker = SimpleNamespace(hub=SimpleNamespace(call_soon=lambda _: turned.append(free.is_set())), pool=Threads(1))
    bootsteps.WakeOnThreadIdleStep(worker).start(worker)
    done = worker.pool.on_apply(free.wait, (20.0,))
    assert not turned
    free.set()
    done.wait(20.0)
    assert until(lambda: turned) == [True]
    worker.pool.on_stop()


def test_pools_that_answer_by_a_pipe_are_left_as_they_are() -> None:
    pool = Solo(1)
    worker = SimpleNamespace(hub=None, pool=pool)
    bootsteps.WakeOnThreadIdleStep(worker).start(worker)
    assert vars(worker) == {"hub": None, "pool": pool}
