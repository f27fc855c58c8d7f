"""A value that each process creates once, and never shares across a fork."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from workers.runtime.per_process import PerProcess


class Counted:
    """Creates objects and counts them."""

    def __init__(self) -> None:
        self.created: list[object] = []

    def __call__(self) -> object:
        self.created.append(object())
        return self.created[-1]


def test_a_value_is_created_at_its_first_use_and_once() -> None:
    create = Counted()
    value = PerProcess(create)
    assert create.created == []
    assert value.get() is value.get() is create.created[0]
    assert len(create.created) == 1


def test_a_value_that_cannot_be_created_is_tried_again_at_the_next_use() -> None:
    errors = [ConnectionError("away")]

    def create() -> str:
        for error in errors:
            errors.remove(error)
            raise error
        return "connected"

    value = PerProcess(create)
    with pytest.raises(ConnectionError):
        value.get()
    assert value.get() == "connected"


def test_none_is_a_value_too() -> None:
    create: list[None] = []
    value = PerProcess(lambda: create.append(None))
    assert value.get() is value.get() is None
    assert len(create) == 1


def test_after_a_fork_the_child_creates_its_own_even_if_a_thread_was_creating_one() -> None:
    begun, go = threading.Event(), threading.Event()

    def create() -> int:
        if os.getpid() == parent:
            begun.set()
            go.wait(10)
        return os.getpid()

    parent, value = os.getpid(), PerProcess(create)
    with ThreadPoolExecutor(1) as threads:
        creating = threads.submit(value.get)
        begun.wait(10)
        pid = os.fork()
        if pid == 0:
            os._exit(0 if value.get() == os.getpid() else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        go.set()
        assert creating.result() == parent


def test_threads_that_ask_at_the_same_time_get_the_same_value() -> None:
    barrier, create = threading.Barrier(8), Counted()
    value = PerProcess(create)

    def ask() -> object:
        barrier.wait()
        return value.get()

    with ThreadPoolExecutor(8) as threads:
        values = [each.result() for each in [threads.submit(ask) for _ in range(8)]]
    assert set(map(id, values)) == {id(create.created[0])}
    assert len(create.created) == 1


def test_a_value_that_was_taken_is_forgotten() -> None:
    value = PerProcess(Counted())
    assert value.take() is None
    first = value.get()
    assert value.take() is first
    assert value.take() is None
    assert value.get() is not first
