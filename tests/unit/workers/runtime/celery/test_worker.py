"""What is read of a Celery worker, on a stand-in with Celery's own state."""

import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from celery.worker import state

from workers.runtime.celery.worker import CeleryWorker

RUNNING, CLOSING = 1, 2  # celery.bootsteps


class Request:
    """Stands in for Celery's request: only their number counts."""


@pytest.fixture
def controller() -> Iterator[Any]:
    """A worker that does nothing."""
    state.reset_state()
    state.should_stop = None
    yield SimpleNamespace(
        hostname="celery@here",
        blueprint=SimpleNamespace(state=RUNNING),
        pool_cls=SimpleNamespace(__module__="celery.concurrency.prefork"),
        pool=SimpleNamespace(num_processes=2, info={"processes": [11, 12]}),
        max_concurrency=None,
        concurrency=2,
        app=SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from={"intake": 1, "media": 1}))),
    )
    state.reset_state()
    state.should_stop = None


def test_it_is_known_by_name_pool_queues_and_slots(controller: Any) -> None:
    seen = CeleryWorker(controller).snapshot()
    assert (seen.node, seen.pool, seen.queues, seen.slots) == ("celery@here", "prefork", ("intake", "media"), 2)
    assert (seen.is_running, seen.taken, seen.running) == (True, 0, 0)


def test_what_it_has_taken_and_begun_is_counted(controller: Any) -> None:
    requests: list[Any] = [Request() for _ in range(3)]
    for request in requests:
        state.reserved_requests.add(request)
    state.active_requests.add(requests[0])
    seen = CeleryWorker(controller).snapshot()
    assert (seen.taken, seen.running) == (3, 1)


def test_a_worker_that_stops_is_not_running(controller: Any) -> None:
    controller.blueprint.state = CLOSING
    assert not CeleryWorker(controller).snapshot().is_running


def test_an_autoscaled_worker_has_as_many_slots_as_celery_lets_it_take(controller: Any) -> None:
    controller.max_concurrency = 8
    assert CeleryWorker(controller).snapshot().slots == 8
    controller.pool, controller.max_concurrency = None, None  # both are None while a worker stops
    assert CeleryWorker(controller).snapshot().slots == 2


def test_a_stop_that_is_requested_is_what_celery_looks_at(controller: Any) -> None:
    assert state.should_stop is None
    CeleryWorker(controller).request_stop(1)
    assert state.should_stop == 1


def test_its_processes_are_its_own_and_those_of_its_pool(controller: Any) -> None:
    worker = CeleryWorker(controller)
    assert worker.process_ids() == [os.getpid(), 11, 12]
    controller.pool = None
    assert worker.process_ids() == [os.getpid()]
