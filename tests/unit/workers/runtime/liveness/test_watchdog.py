"""The watch, with a clock of the tests' own and a worker that is none."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from celery.worker import state

from tests.support.log import Log
from workers.runtime.liveness import worker_status
from workers.runtime.liveness.self_ping import SelfPing
from workers.runtime.liveness.stall_detector import QUIET_INTERVAL, STALL_TIMEOUT, UNRECOVERABLE_TIMEOUT
from workers.runtime.liveness.watchdog import EXIT_CODE, Watchdog
from workers.runtime.liveness.worker_status import WorkerReport

RUNNING, CLOSING = 1, 2  # celery.bootsteps


class Request:
    """Stands in for Celery's request: what counts is how many there are."""


class Heard:
    """Stands in for what a worker says in Redis: notes it. With `away`, Redis is."""

    def __init__(self) -> None:
        self.said: list[tuple[WorkerReport, str]] = []
        self.away = False
        self.left = 0

    def publish(self, said: WorkerReport, pulse: str = "") -> None:
        if self.away:
            raise redis.ConnectionError("away")
        self.said.append((said, pulse))

    def withdraw(self) -> None:
        if self.away:
            raise redis.ConnectionError("away")
        self.left += 1

    @property
    def states(self) -> list[str]:
        """What it said it was, each once in a row."""
        states = [said.state for said, _ in self.said]
        return [now for before, now in zip([None, *states], states, strict=False) if now != before]


class Watched:
    """A watch, the worker it looks at, and what comes of it."""

    def __init__(self) -> None:
        self.heard = Heard()
        self.ended: list[int] = []
        self.now = 0.0
        said: Any = self.heard
        self.watch = Watchdog(SelfPing("w"), said, clock=lambda: self.now, end_now=self.ended.append)
        self.worker = SimpleNamespace(
            hostname="celery@here",
            blueprint=SimpleNamespace(state=RUNNING),
            pool_cls=SimpleNamespace(__module__="celery.concurrency.prefork"),
            pool=SimpleNamespace(num_processes=2),
            max_concurrency=None,
            concurrency=2,
            app=SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from={"intake": 1, "pulse.w": 1}))),
        )

    def look_until_lost(self) -> None:
        """Until it is given up, and no longer."""
        while stop_wanted() is None:
            self.look()

    def look(self, seconds: float = 1, *, hears: bool = False) -> None:
        for _ in range(int(seconds)):
            self.now += 1
            self.watch.on_loop_tick()
            if hears and self.heard.said and self.heard.said[-1][1]:
                self.watch.on_message()
            self.watch.check(self.worker)


def stop_wanted() -> object:
    """The exit code that Celery is asked to stop with."""
    return state.should_stop


def work(*, taken: int, running: int) -> list[Any]:
    """As if the worker had so many wake-ups, as long as the answer is kept."""
    requests: list[Any] = [Request() for _ in range(taken)]
    for request in requests:
        state.reserved_requests.add(request)
    for request in requests[:running]:
        state.active_requests.add(request)
    return requests


@pytest.fixture
def watched(log: Log) -> Iterator[Watched]:
    """With Celery's own state as it is in a worker that does nothing."""
    state.reset_state()
    state.should_stop = None
    yield Watched()
    state.reset_state()
    state.should_stop = None


def test_it_says_who_the_worker_is_and_what_it_takes(watched: Watched) -> None:
    watched.look(3, hears=True)
    said, _ = watched.heard.said[-1]
    assert (said.node, said.pool, said.queues, said.slots) == ("celery@here", "prefork", ("intake",), 2)
    assert watched.heard.states == [worker_status.STARTING, worker_status.LISTENING]


def test_every_pulse_is_another_message(watched: Watched) -> None:
    watched.look(10)
    pulses = [pulse for _, pulse in watched.heard.said]
    assert len(set(pulses)) == len(pulses) == 10


def test_a_stall_is_one_line_in_the_log_and_a_mark_in_redis(watched: Watched, log: Log) -> None:
    watched.look(3, hears=True)
    watched.look(QUIET_INTERVAL + STALL_TIMEOUT + 5)
    assert log.take_events() == ["this worker takes no messages, though it has room"]
    assert watched.heard.said[-1][0].state == worker_status.DEAF
    assert watched.heard.said[-1][0].silent >= QUIET_INTERVAL + STALL_TIMEOUT


def test_that_it_is_over_is_a_line_too(watched: Watched, log: Log) -> None:
    watched.look(QUIET_INTERVAL + STALL_TIMEOUT + 5)
    watched.look(2, hears=True)
    assert log.take_events()[1:] == ["this worker takes messages again"]
    assert watched.heard.said[-1][0].state == worker_status.LISTENING
    assert stop_wanted() is None


def test_after_a_while_it_asks_celery_for_a_warm_stop_with_an_exit_code_of_failure(watched: Watched, log: Log) -> None:
    watched.look_until_lost()
    assert QUIET_INTERVAL + UNRECOVERABLE_TIMEOUT >= watched.now >= UNRECOVERABLE_TIMEOUT
    assert stop_wanted() == EXIT_CODE == 1
    assert log.take_events()[1:] == ["this worker still takes no messages; it ends, to be started again"]
    assert watched.heard.states[-1] == worker_status.ENDING
    assert watched.heard.said[-1][1] == ""  # it asks for no message that it would only lose
    assert watched.ended == []


@pytest.mark.parametrize(("running", "patience"), [(0, 10), (1, 45)])
def test_a_stop_that_hangs_is_cut_short_later_where_a_handler_runs(
    watched: Watched, log: Log, running: int, patience: int
) -> None:
    kept = work(taken=running, running=running)
    watched.look_until_lost()
    watched.look(patience - 1)
    assert watched.ended == []
    watched.look()
    assert watched.ended == [EXIT_CODE]
    assert log.take_events()[2:] == ["its stop hangs; it ends at once, and what it held is taken over"]
    assert len(kept) == running


def test_a_worker_whose_slots_are_at_work_says_that_it_is_full(watched: Watched, log: Log) -> None:
    kept = work(taken=2, running=2)
    watched.watch.on_message()
    watched.look(300)
    assert watched.heard.states[-1] == worker_status.FULL
    assert watched.heard.said[-1][0].running == len(kept)
    assert log.events == []


def test_a_worker_that_stops_is_not_expected_to_hear(watched: Watched, log: Log) -> None:
    watched.look(3, hears=True)
    watched.worker.blueprint.state = CLOSING
    watched.look(300)
    assert watched.heard.states[-1] == worker_status.STOPPING
    assert (log.events, stop_wanted()) == ([], None)


def test_while_redis_is_away_nothing_is_judged_and_nothing_is_raised(watched: Watched, log: Log) -> None:
    watched.look(3, hears=True)
    watched.heard.away = True
    watched.look(3600)
    watched.watch.leave()
    watched.heard.away = False
    watched.look(STALL_TIMEOUT - 1)
    assert log.events == []
    watched.look(3, hears=True)
    assert watched.heard.said[-1][0].state == worker_status.LISTENING


def test_an_autoscaled_worker_has_as_many_slots_as_celery_lets_it_take(watched: Watched) -> None:
    watched.worker.max_concurrency = 8
    watched.look()
    watched.worker.pool, watched.worker.max_concurrency = None, None  # as it is while a worker stops
    watched.look()
    assert [said.slots for said, _ in watched.heard.said] == [8, 2]
