"""The watchdog, with the test's own clock and a stand-in for the worker."""

from typing import Any

import pytest
import redis

from tests.support.log import Log
from workers.runtime.liveness import worker_status
from workers.runtime.liveness.self_ping import SelfPing
from workers.runtime.liveness.stall_detector import QUIET_INTERVAL, STALL_TIMEOUT, UNRECOVERABLE_TIMEOUT
from workers.runtime.liveness.watchdog import EXIT_CODE, Watchdog, WorkerSnapshot
from workers.runtime.liveness.worker_status import WorkerReport


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


class Worker:
    """A worker of which the test says what is seen."""

    def __init__(self) -> None:
        self.seen = WorkerSnapshot("celery@here", "prefork", ("intake", "pulse.w"), True, taken=0, running=0, slots=2)
        self.stop_codes: list[int] = []

    def snapshot(self) -> WorkerSnapshot:
        return self.seen

    def request_stop(self, exit_code: int) -> None:
        self.stop_codes.append(exit_code)


class Watched:
    """A watch, the worker it looks at, and what comes of it."""

    def __init__(self) -> None:
        self.heard = Heard()
        self.ended: list[int] = []
        self.now = 0.0
        said: Any = self.heard
        self.watch = Watchdog(SelfPing("w"), said, clock=lambda: self.now, exit_now=self.ended.append)
        self.worker = Worker()

    def look_until_lost(self) -> None:
        """Until it is given up, and no longer."""
        while not self.worker.stop_codes:
            self.look()

    def look(self, seconds: float = 1, *, hears: bool = False) -> None:
        for _ in range(int(seconds)):
            self.now += 1
            self.watch.on_loop_tick()
            if hears and self.heard.said and self.heard.said[-1][1]:
                self.watch.on_message()
            self.watch.check(self.worker)


@pytest.fixture
def watched(log: Log) -> Watched:
    return Watched()


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
    assert log.take_events() == ["worker receives no messages although it has free slots"]
    assert watched.heard.said[-1][0].state == worker_status.STALLED
    assert watched.heard.said[-1][0].silent >= QUIET_INTERVAL + STALL_TIMEOUT


def test_that_it_is_over_is_a_line_too(watched: Watched, log: Log) -> None:
    watched.look(QUIET_INTERVAL + STALL_TIMEOUT + 5)
    watched.look(2, hears=True)
    assert log.take_events()[1:] == ["worker receives messages again"]
    assert watched.heard.said[-1][0].state == worker_status.LISTENING
    assert watched.worker.stop_codes == []


def test_after_a_while_it_asks_celery_for_a_warm_stop_with_an_exit_code_of_failure(watched: Watched, log: Log) -> None:
    watched.look_until_lost()
    assert QUIET_INTERVAL + UNRECOVERABLE_TIMEOUT >= watched.now >= UNRECOVERABLE_TIMEOUT
    assert (watched.worker.stop_codes, EXIT_CODE) == ([1], 1)
    assert log.take_events()[1:] == ["worker still receives no messages; it stops, to be restarted"]
    assert watched.heard.states[-1] == worker_status.ENDING
    assert watched.heard.said[-1][1] == ""  # it asks for no message that it would only lose
    assert watched.ended == []


@pytest.mark.parametrize(("running", "patience"), [(0, 10), (1, 45)])
def test_a_stop_that_hangs_is_cut_short_later_where_a_handler_runs(
    watched: Watched, log: Log, running: int, patience: int
) -> None:
    watched.worker.seen = watched.worker.seen._replace(taken=running, running=running)
    watched.look_until_lost()
    watched.look(patience - 1)
    assert watched.ended == []
    watched.look()
    assert watched.ended == [EXIT_CODE]
    assert log.take_events()[2:] == ["worker hangs while stopping; it exits now, and others take over its entries"]


def test_a_worker_whose_slots_are_at_work_says_that_it_is_full(watched: Watched, log: Log) -> None:
    watched.worker.seen = watched.worker.seen._replace(taken=2, running=2)
    watched.watch.on_message()
    watched.look(300)
    assert watched.heard.states[-1] == worker_status.FULL
    assert watched.heard.said[-1][0].running == 2
    assert log.take_events() == []


def test_a_worker_that_stops_is_not_expected_to_hear(watched: Watched, log: Log) -> None:
    watched.look(3, hears=True)
    watched.worker.seen = watched.worker.seen._replace(is_running=False)
    watched.look(300)
    assert watched.heard.states[-1] == worker_status.STOPPING
    assert (log.take_events(), watched.worker.stop_codes) == ([], [])


def test_while_redis_is_away_nothing_is_judged_and_nothing_is_raised(watched: Watched, log: Log) -> None:
    watched.look(3, hears=True)
    watched.heard.away = True
    watched.look(3600)
    watched.watch.withdraw()
    watched.heard.away = False
    watched.look(STALL_TIMEOUT - 1)
    assert log.take_events() == []
    watched.look(3, hears=True)
    assert watched.heard.said[-1][0].state == worker_status.LISTENING
