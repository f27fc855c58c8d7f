"""Whether a consumer consumes, judged by a clock that the tests turn."""

import pytest

from workers.runtime.liveness.stall_detector import (
    QUIET_INTERVAL,
    STALL_TIMEOUT,
    UNRECOVERABLE_TIMEOUT,
    ConsumerHealth,
    Observation,
    initial_health,
    update,
)


class Looked:
    """A worker that is looked at each second; by default it hears its pulses."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.received = self.turns = 0
        self.judgement = initial_health(self.now)

    def look(
        self,
        seconds: int = 1,
        *,
        hears: bool = False,
        taken: int = 0,
        running: int = 0,
        turns: bool = True,
        redis: bool = True,
        solo: bool = False,
    ) -> ConsumerHealth:
        """Look `times` times at a worker with two slots (one, if it is solo). Return the last verdict."""
        for _ in range(seconds):
            self.now += 1
            asked = self.judgement.needs_ping and redis
            self.received += hears and asked
            self.turns += turns
            seen = Observation(self.received, self.turns, taken, running, 1 if solo else 2, asked, solo)
            self.judgement = update(self.judgement, seen, self.now)
        return self.judgement


@pytest.fixture
def looked() -> Looked:
    return Looked()


def test_a_new_worker_is_asked_at_once_and_has_begun_when_it_hears(looked: Looked) -> None:
    assert (looked.judgement.needs_ping, looked.judgement.has_received) == (True, False)
    assert looked.look(hears=True).has_received
    assert not looked.judgement.needs_ping


def test_an_idle_worker_is_asked_every_few_seconds_and_never_taken_for_deaf(looked: Looked) -> None:
    silences = [looked.look(hears=True).silent for _ in range(24 * 3600)]
    assert max(silences) == QUIET_INTERVAL
    assert looked.received == pytest.approx(24 * 3600 / (QUIET_INTERVAL + 1), abs=2)


def test_one_that_does_not_hear_is_deaf_after_a_while_and_lost_after_another(looked: Looked) -> None:
    looked.look(hears=True)
    looked.look(int(QUIET_INTERVAL + STALL_TIMEOUT) - 1)
    assert not looked.judgement.stalled
    assert looked.look().stalled
    looked.look(int(UNRECOVERABLE_TIMEOUT - STALL_TIMEOUT) - 1)
    assert not looked.judgement.unrecoverable
    assert looked.look().unrecoverable


def test_whatever_message_comes_it_hears_again(looked: Looked) -> None:
    looked.look(60)
    assert looked.judgement.stalled
    looked.received += 1
    assert not looked.look().stalled
    assert looked.judgement.silent == 0


@pytest.mark.parametrize("taken", [0, 1])
def test_handlers_that_take_long_are_no_stall_where_another_slot_hears(looked: Looked, taken: int) -> None:
    looked.look(600, hears=True, taken=taken, running=taken)
    assert not looked.judgement.stalled


def test_a_worker_whose_slots_are_all_at_work_may_take_its_time(looked: Looked) -> None:
    looked.look(3600, taken=2, running=2)
    assert (looked.judgement.stalled, looked.judgement.full, looked.judgement.needs_ping) == (False, True, False)
    looked.look(3600, taken=3, running=1)  # one more than it has slots is waiting for a process
    assert not looked.judgement.stalled


def test_from_when_it_has_room_again_it_has_to_hear(looked: Looked) -> None:
    looked.look(3600, taken=2, running=2)
    looked.look(int(QUIET_INTERVAL + STALL_TIMEOUT) - 1, taken=1, running=1)
    assert not looked.judgement.stalled
    assert looked.look(taken=1, running=1).stalled


def test_wakeups_that_are_taken_and_never_begun_are_a_stall(looked: Looked) -> None:
    looked.look(hears=True)
    assert looked.look(int(QUIET_INTERVAL + STALL_TIMEOUT), taken=2, running=0).stalled


def test_full_and_its_loop_at_a_standstill_is_a_stall(looked: Looked) -> None:
    looked.look(hears=True)
    assert looked.look(int(QUIET_INTERVAL + STALL_TIMEOUT), taken=2, running=2, turns=False).stalled


def test_the_loop_of_a_solo_worker_stands_still_while_it_handles(looked: Looked) -> None:
    looked.look(hears=True, solo=True)
    looked.look(3600, taken=1, running=1, turns=False, solo=True)
    assert not looked.judgement.stalled
    assert looked.look(
        int(QUIET_INTERVAL + STALL_TIMEOUT), turns=False, solo=True
    ).stalled  # nothing is handled any more


def test_without_redis_nobody_is_deaf_and_afterwards_all_have_the_full_time(looked: Looked) -> None:
    looked.look(int(QUIET_INTERVAL + STALL_TIMEOUT) - 1)
    looked.look(3600, redis=False)
    assert (looked.judgement.silent, looked.judgement.stalled) == (QUIET_INTERVAL, False)
    looked.look(int(STALL_TIMEOUT) - 1)
    assert not looked.judgement.stalled
    assert looked.look().stalled


@pytest.mark.parametrize("pause", [0.0, 60.0, 86_400.0])
def test_a_process_that_was_stopped_is_not_deaf_for_that(looked: Looked, pause: float) -> None:
    looked.look(hears=True)
    looked.look(int(QUIET_INTERVAL) + 1)
    before = looked.judgement.silent
    looked.now += pause
    assert looked.look().silent <= before + 2
