"""Whatever workers, ticks and deaths do in whatever order: no entry is lost, and none is in two places.

A model says where each entry must be; after every step the server is asked where it is.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import redis
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from shared.lanes import Again, Back, Dead, Done, Lanes, Next, Taken, Verdict
from shared.lanes.lanes import POISON_DEATHS
from tests.lanes import looking

LANES = ("first", "second")
EVENTS = tuple(Next(b"key %d" % number, b"event %d" % number, ("second",)) for number in range(4))

lanes_ = st.sampled_from(LANES)
workers_ = st.sampled_from("AB")
verdicts_ = st.one_of(
    st.lists(st.sampled_from(EVENTS), max_size=3).map(lambda events: Done(tuple(events))),
    st.builds(Again, delay=st.just(1000.0), error=st.just("failed"), counted=st.booleans()),
    st.just(Dead("rejected", "no")),
    st.just(Back()),
)


@dataclass
class Place:
    """Where an entry must be."""

    state: str = "waiting"  # suspect, held, retry, dead or done
    id: bytes = b""  # while it is held
    alone: bool = False  # it is held as a suspect
    expired: bool = False
    due: bool = False
    attempts: int = 0
    deaths: int = 0


@dataclass
class Worker:
    """What a worker takes for its own, rightly or not."""

    entries: list[tuple[str, bool, Taken]] = field(default_factory=list)  # lane, whether as a suspect, entry


class Interleavings(RuleBasedStateMachine):
    client: ClassVar[redis.Redis]

    @initialize()
    def begin(self) -> None:
        self.client.flushall()
        self.lanes = Lanes(self.client)
        self.lanes.make_known([looking.spec(lane) for lane in LANES])
        self.model: dict[str, dict[bytes, Place]] = {lane: {} for lane in LANES}
        self.workers = {name: Worker() for name in "AB"}
        self.seen: set[bytes] = set()
        self.pushed = 0

    @rule(lane=lanes_, count=st.integers(1, 4))
    def push(self, lane: str, count: int) -> None:
        entries = [b"entry %d" % (self.pushed + number) for number in range(count)]
        self.pushed += count
        self.lanes.push(lane, entries)
        self.model[lane] |= {entry: Place() for entry in entries}

    @rule(lane=lanes_, worker=workers_, count=st.integers(1, 4))
    def take(self, lane: str, worker: str, count: int) -> None:
        """As a drain does: a suspect alone, and then a batch."""
        suspects, waiting = self._in(lane, "suspect"), self._in(lane, "waiting")
        alone = self.lanes.take_suspect(lane, worker)
        assert len(alone) == min(1, len(suspects))
        self._hold(lane, worker, alone, alone=True)
        taken = self.lanes.take(lane, worker, count)
        assert len(taken) == min(count, len(waiting))
        self._hold(lane, worker, taken, alone=False)

    @rule(worker=workers_, data=st.data())
    def settle(self, worker: str, data: st.DataObject) -> None:
        """The worker settles all that it takes for its own, be it late or not."""
        mine, self.workers[worker].entries = self.workers[worker].entries, []
        for lane, alone in sorted({item[:2] for item in mine}):
            believed = [entry for *where, entry in mine if where == [lane, alone]]
            verdicts: list[tuple[bytes, Verdict]] = [(entry.id, data.draw(verdicts_)) for entry in believed]
            expected = [
                self._settled(lane, entry, verdict) for entry, (_, verdict) in zip(believed, verdicts, strict=True)
            ]
            reply = self.lanes.settle(lane, verdicts, suspect=alone)
            assert reply == tuple(sum(part) for part in zip(*expected, strict=True))

    @rule(lane=lanes_, leases=st.booleans(), retries=st.booleans(), crashed=st.sampled_from((None, "A", "B")))
    def time_passes(self, lane: str, leases: bool, retries: bool, crashed: str | None) -> None:
        """Leases run out: a worker that has not crashed was paused, and will settle too late."""
        if crashed:
            self.workers[crashed] = Worker()
        if leases:
            looking.let_leases_run_out(self.client, lane)
            for entry in self._in(lane, "held"):
                self.model[lane][entry].expired = True
        if retries:
            looking.let_retries_wait(self.client, lane, 2000)
            for entry in self._in(lane, "retry"):
                self.model[lane][entry].due = True
        self._tick()

    def _tick(self) -> None:
        for lane, did in self.lanes.tick(LANES).items():
            due = [place for place in self.model[lane].values() if place.state == "retry" and place.due]
            lost = [place for place in self.model[lane].values() if place.state == "held" and place.expired]
            poison = [place for place in lost if place.deaths + 1 >= POISON_DEATHS]
            assert did[:3] == (len(due), len(lost) - len(poison), len(poison))
            for place in due:
                place.state = "waiting"
            for place in lost:
                place.state, place.deaths = "suspect", place.deaths + 1
            for place in poison:
                place.state = "dead"

    @invariant()
    def every_entry_is_where_it_must_be_and_nowhere_else(self) -> None:
        for lane in LANES if hasattr(self, "model") else ():
            there = looking.look(self.client, lane)
            assert sorted(there.waiting) == self._in(lane, "waiting")
            assert sorted(there.suspects) == self._in(lane, "suspect")
            assert sorted(there.held) == self._in(lane, "held")
            assert sorted(there.retrying) == self._in(lane, "retry")
            assert sorted(there.dead) == self._in(lane, "dead")

    def teardown(self) -> None:
        """In the end all wake-ups are lost: lanes with work are woken again, and others are not."""
        self.client.delete("sluice:queue:work")
        for lane in LANES:
            looking.let_wakeups_wait(self.client, lane, 60)
        self._tick()
        with_work = {lane for lane in LANES if self._in(lane, "waiting") or self._in(lane, "suspect")}
        assert set(looking.woken(self.client)) == with_work

    def _in(self, lane: str, state: str) -> list[bytes]:
        return sorted(entry for entry, place in self.model[lane].items() if place.state == state)

    def _hold(self, lane: str, worker: str, taken: list[Taken], *, alone: bool) -> None:
        for entry in taken:
            place = self.model[lane][entry.data]
            assert place.state == ("suspect" if alone else "waiting")
            assert (entry.attempts, entry.deaths) == (place.attempts, place.deaths)
            place.state, place.id, place.alone, place.expired = "held", entry.id, alone, False
            self.workers[worker].entries.append((lane, alone, entry))

    def _settled(self, lane: str, entry: Taken, verdict: Verdict) -> tuple[int, int, int]:
        place = self.model[lane][entry.data]
        if (place.state, place.id) != ("held", entry.id):
            return 0, 0, 0  # another has it, or had it: this verdict comes too late
        added = duplicates = 0
        match verdict:
            case Done(following):
                place.state = "done"
                for event in following:
                    fresh = event.key not in self.seen
                    added, duplicates = added + fresh, duplicates + (not fresh)
                    if fresh:
                        self.seen.add(event.key)
                        self.model["second"][event.data] = Place()
            case Again(_, _, counted):
                place.state, place.due, place.deaths = "retry", False, 0
                place.attempts += counted
            case Dead():
                place.state = "dead"
            case Back():
                place.state = "suspect" if place.alone else "waiting"
        return 1, added, duplicates


def test_no_entry_is_lost_or_doubled_whatever_the_order(client: redis.Redis) -> None:
    machine = type("Machine", (Interleavings,), {"client": client})
    run_state_machine_as_test(machine, settings=settings(max_examples=150, stateful_step_count=50, deadline=None))
