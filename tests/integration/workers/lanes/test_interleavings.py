"""In every order of workers, maintenance, deaths and people's actions, each entry is in exactly one place."""

import pytest
import redis
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from tests.support.examples import examples
from tests.support.lanes import looking
from tests.support.lanes.breaker_model import Run
from tests.support.lanes.machine import Machine, lanes_, workers_
from workers.lanes.client import pause_lane
from workers.lanes.dead_letter_queue import DeadLetterQueue


class Interleavings(Machine):
    """What else may come in between: a death after any step, an answer that is lost, a person."""

    @rule(lane=lanes_, worker=workers_, takes=st.booleans(), known=st.booleans())
    def begin_and_die(self, lane: str, worker: str, takes: bool, known: bool) -> None:
        """A drain begins, maybe as the breaker's probe, and its process dies: before it has taken anything, or after.
        Others know it at once, or when the lease is over."""
        if takes:
            self.take(lane, worker, 4)
        else:
            self._begin(lane, worker)
        self.time_passes(lane, leases=not known, retries=False, holds=not known, crashed=worker, known=known)

    @rule(lane=lanes_, worker=workers_, count=st.integers(1, 4), gives_back=st.booleans())
    def take_and_hear_nothing(self, lane: str, worker: str, count: int, gives_back: bool) -> None:
        """What Redis gave it in an answer that never came, it holds without knowing. It gives all back, or dies."""
        before = list(self.workers[worker].entries)
        self.take(lane, worker, count)
        probes = {probe for _, _, probe, _ in self.workers[worker].entries[len(before) :] if probe}
        self.workers[worker].entries = before if gives_back else []
        if gives_back:
            self.give_back(lane, worker)
            for probe in probes:
                assert not self.lanes.settle(lane, [], probe=probe).entries
                self.breakers[lane].settle(Run(), probe)

    @rule(lane=lanes_, worker=workers_)
    def give_back(self, lane: str, worker: str) -> None:
        """Also what others of its threads hold: they will settle it in vain."""
        mine = [place for place in self.model[lane].values() if (place.state, place.holder) == ("held", worker)]
        assert self.lanes.release_all(lane, worker) == len(mine)
        for place in mine:
            place.state = "suspect" if place.alone else "waiting"

    @rule(lane=lanes_, worker=workers_, times=st.integers(1, 3), known=st.booleans())
    def die_again_and_again(self, lane: str, worker: str, times: int, known: bool) -> None:
        """The entry in the lane kills every process that takes it."""
        self.push(lane, 2)
        for _ in range(times):
            self.begin_and_die(lane, worker, takes=True, known=known)

    @rule(worker=workers_, dies=st.booleans(), data=st.data())
    def classify(self, worker: str, dies: bool, data: st.DataObject) -> None:
        """Webhooks become events, some of them for the second time; or the process dies over it."""
        self.push("first", 3)
        if dies:
            self.begin_and_die("first", worker, takes=True, known=True)
        self.drain("first", worker, "sorting", data)

    @rule(lane=lanes_, worker=workers_, times=st.integers(1, 4), data=st.data())
    def fail_again_and_again(self, lane: str, worker: str, times: int, data: st.DataObject) -> None:
        """The handler fails for everyone."""
        self.push(lane, 2)
        for _ in range(times):
            self.drain(lane, worker, "failing", data)

    @rule(lane=lanes_, worker=workers_, ends=st.sampled_from((True, True, True, False)))
    def pause(self, lane: str, worker: str, ends: bool) -> None:
        """A person does: nothing is taken, for a moment or until somebody resumes it."""
        pause_lane(self.client, lane)
        self.paused.add(lane)
        self.push(lane, 1)
        self.take(lane, worker, 4)
        if ends:
            self._resume(lane)

    @rule(lane=lanes_)
    def resume(self, lane: str) -> None:
        """A person does, whether it is paused or not."""
        self._resume(lane)

    @rule(lane=lanes_, most=st.integers(1, 4))
    def replay(self, lane: str, most: int) -> None:
        """Dead letters are put back, as if nothing had been tried with them."""
        letters = looking.dead_letters(self.client, lane, most)
        assert DeadLetterQueue(self.client).replay(lane, [letter.id for letter in letters]) == len(letters)
        self.replayed[lane] += len(letters)
        for letter in letters:
            place = self.model[lane][letter.data]
            place.state, place.attempts, place.deaths = "waiting", 0, 0
            self.breakers[lane].forget(letter.data)


@pytest.mark.examples
def test_no_entry_is_lost_or_doubled_in_any_order(client: redis.Redis) -> None:
    machine = type("WithClient", (Interleavings,), {"client": client})
    run_state_machine_as_test(machine, settings=settings(max_examples=examples(150, short=12), stateful_step_count=50))
