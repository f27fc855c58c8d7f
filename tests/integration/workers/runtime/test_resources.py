"""What a process holds is made once in it, and never shared across a fork."""

import os
import socket
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from pydantic import SecretStr

from shared.settings import Settings
from workers.lanes.heartbeats import HEARTBEATS_KEY, HeartbeatRegistry
from workers.runtime.resources import WorkerResources


@pytest.fixture
def process(redis_url: str, client: redis.Redis) -> WorkerResources:
    return WorkerResources(Settings(redis_url=SecretStr(redis_url), dedupe_seconds=77))


def test_after_a_fork_the_lanes_are_connected_again(process: WorkerResources) -> None:
    before = process.lanes
    pid = os.fork()
    if pid == 0:
        os._exit(0 if process.lanes is not before else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert process.lanes is before


def test_its_lanes_are_those_of_the_settings(process: WorkerResources) -> None:
    assert process.lanes is process.lanes
    assert process.lanes.dedupe_seconds == 77
    process.lanes.push("text.greet", [b"1"])
    assert process.lanes.client.xlen("sluice:lane:text.greet") == 1
    process.lanes.client.close()


class Spans:
    """Stands in for a process's tracing."""

    closed = 0

    def close(self) -> None:
        self.closed += 1


def test_tracing_is_started_once_and_closed_once(process: WorkerResources) -> None:
    started: list[Any] = []

    def start() -> Any:
        started.append(Spans())
        return started[-1]

    resources = WorkerResources(process.settings, start)
    resources.close_tracing()  # nothing was started yet
    assert started == []
    assert resources.tracing is resources.tracing is started[0]
    resources.close_tracing()
    resources.close_tracing()
    assert [spans.closed for spans in started] == [1]


def test_without_tracing_there_is_nothing_to_close(process: WorkerResources) -> None:
    assert process.tracing is None
    process.close_tracing()


def test_no_two_processes_have_one_name(process: WorkerResources, redis_url: str) -> None:
    other = WorkerResources(process.settings)  # the same worker, started again: it may even get the same process id
    names = {
        process.consumer_name(),
        process.consumer_name(1),
        process.consumer_name(2),
        other.consumer_name(),
        other.consumer_name(1),
    }
    assert len(names) == 5
    assert process.consumer_name() == process.consumer_name(os.getpid())
    assert process.consumer_name().startswith(socket.gethostname())


class Threading:
    """Stands in for threads: a heartbeat's is kept, and ends after a number of pauses."""

    def __init__(self, pauses: int) -> None:
        self._waits = iter([False] * pauses + [True])
        self.beat: Callable[[], object] = list
        self.daemon = False

    def Thread(self, *, target: Any, args: Any, name: str, daemon: bool) -> Any:  # noqa: N802 - as the library's
        self.beat, self.daemon = lambda: target(*args), daemon
        return SimpleNamespace(start=list)

    def Event(self) -> Any:  # noqa: N802 - as the library's
        return SimpleNamespace(wait=lambda _seconds: next(self._waits))


def test_who_holds_entries_beats_and_goes_on_beating_through_outages(
    process: WorkerResources, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = Threading(pauses=3)
    monkeypatch.setattr("workers.runtime.heartbeat.threading", threads)
    name = process.register_consumer()
    assert client.zrange(HEARTBEATS_KEY, 0, -1) == [name.encode()]
    assert process.register_consumer() == name
    assert threads.daemon  # it does not keep a worker from ending
    client.delete(HEARTBEATS_KEY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HeartbeatRegistry, "beat", _failing_once(HeartbeatRegistry.beat))
        threads.beat()
    assert client.zrange(HEARTBEATS_KEY, 0, -1) == [name.encode()]


def _failing_once(beat: Callable[..., Any]) -> Callable[..., Any]:
    errors = iter([redis.ConnectionError("away")])

    def wrapped(*arguments: Any) -> Any:
        for error in errors:
            raise error
        return beat(*arguments)

    return wrapped
