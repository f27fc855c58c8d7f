"""A model of two lanes and two workers: where each entry must be, and whether a lane's breaker is open.

Its rules are what happens day by day: push, take, settle, time passes, a worker dies. After every step the server is
asked. And whatever happened: once the handlers succeed, everything that is left is handled. See test_interleavings.py.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import redis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.support.lanes import looking
from tests.support.lanes.breaker_model import POLICY, Breaker, Run
from workers.lanes import (
    Completed,
    DeadLettered,
    FollowUp,
    Lanes,
    Outcome,
    Released,
    Rescheduled,
    TakenEntry,
    TakeTimings,
)
from workers.lanes.client import MAX_DEATHS, DrainStart, resume_lane

LANES = ("first", "second")
EVENTS = tuple(FollowUp(b"key %d" % number, b"event %d" % number, ("second",)) for number in range(4))

lanes_ = st.sampled_from(LANES)
workers_ = st.sampled_from("AB")
verdicts_ = st.one_of(
    st.lists(st.sampled_from(EVENTS), max_size=3).map(lambda events: Completed(tuple(events))),
    st.builds(Rescheduled, delay=st.just(1000.0), error=st.just("later"), counted=st.booleans()),
    st.just(DeadLettered("rejected", "no")),
    st.just(DeadLettered("undecodable", "no")),
    st.just(Released()),
)
FAILED = Rescheduled(1000.0, "failed", failed=True)
LAST = DeadLettered("exhausted", "failed", failed=True)
follow_ = st.lists(st.sampled_from(EVENTS), min_size=1, max_size=3).map(lambda events: Completed(tuple(events)))
moods_ = st.sampled_from(("any", "sorting", "failing", "failing", "well"))  # of the handlers, for one settle


@dataclass
class Place:
    """Where an entry must be."""

    state: str = "waiting"  # suspect, held, retry, dead or done
    id: bytes = b""  # while it is held
    holder: str = ""
    alone: bool = False  # it is held as a suspect
    expired: bool = False
    due: bool = False
    attempts: int = 0
    deaths: int = 0


@dataclass
class Worker:
    """What a worker believes to hold, rightly or not."""

    entries: list[tuple[str, bool, str, TakenEntry]] = field(
        default_factory=list
    )  # lane, whether as a suspect, probe, entry


class Machine(RuleBasedStateMachine):
    """A subclass provides `client`."""

    client: ClassVar[redis.Redis]

    @initialize()
    def begin(self) -> None:
        self.client.flushall()
        self.lanes = Lanes(self.client, breaker=POLICY)
        self.lanes.register([looking.spec(lane) for lane in LANES])
        self.model: dict[str, dict[bytes, Place]] = {lane: {} for lane in LANES}
        self.breakers = {lane: Breaker() for lane in LANES}
        self.workers = {name: Worker() for name in "AB"}
        self.seen: set[bytes] = set()
        self.pushed = 0
        self.paused: set[str] = set()
        self.measured = dict.fromkeys(LANES, 0)
        self.replayed = dict.fromkeys(LANES, 0)

    @rule(lane=lanes_, count=st.integers(1, 4))
    def push(self, lane: str, count: int) -> None:
        entries = [b"entry %d" % (self.pushed + number) for number in range(count)]
        self.pushed += count
        self.lanes.push(lane, entries)
        self.model[lane] |= {entry: Place() for entry in entries}

    @rule(lane=lanes_, worker=workers_, count=st.integers(1, 4))
    def take(self, lane: str, worker: str, count: int) -> None:
        """Take as a drain does: a suspect alone and then a batch, or nothing, or the one entry of a probe."""
        suspects, waiting, breaker = self._in(lane, "suspect"), self._in(lane, "waiting"), self.breakers[lane]
        begun = self._begin(lane, worker)
        if begun.is_held:
            return
        if begun.probe:
            alone = bool(suspects) and (breaker.tries % 2 == 0 or not waiting)
            taken = self.lanes.take_suspect(lane, worker) if alone else self.lanes.take(lane, worker, 1)
            assert len(taken) == 1
            self._hold(lane, worker, taken, alone=alone, probe=begun.probe)
            return
        taken = self.lanes.take_suspect(lane, worker)
        assert len(taken) == min(1, len(suspects))
        self._hold(lane, worker, taken, alone=True)
        taken = self.lanes.take(lane, worker, count)
        assert len(taken) == min(count, len(waiting))
        self._hold(lane, worker, taken, alone=False)

    def _begin(self, lane: str, worker: str) -> DrainStart:
        work, breaker = bool(self._in(lane, "suspect") + self._in(lane, "waiting")), self.breakers[lane]
        held = lane in self.paused or breaker.held or (breaker.open and not work)
        probing = lane not in self.paused and breaker.begin(worker, work)
        begun = self.lanes.start_drain(lane, None, worker)
        assert (begun.is_held, bool(begun.probe)) == (held, probing)
        if probing:
            breaker.probe = begun.probe
        return begun

    @rule(worker=workers_, mood=moods_, again=st.booleans(), data=st.data())
    def settle(self, worker: str, mood: str, again: bool, data: st.DataObject) -> None:
        """Let the worker settle everything it believes to hold, late or not."""
        mine, self.workers[worker].entries = self.workers[worker].entries, []
        for lane, alone, probe in sorted({item[:3] for item in mine}):
            believed = [entry for *where, entry in mine if where == [lane, alone, probe]]
            verdicts: dict[str, st.SearchStrategy[Outcome]] = {
                "well": st.just(Completed()),
                "sorting": follow_,
                "failing": st.sampled_from((FAILED, FAILED, LAST)),
                "any": verdicts_,
            }
            drawn: list[tuple[bytes, Outcome]] = [(entry.id, data.draw(verdicts[mood])) for entry in believed]
            self._settle(lane, alone, probe, believed, drawn, again=again)

    @rule(lane=lanes_, worker=workers_, mood=moods_, data=st.data())
    def drain(self, lane: str, worker: str, mood: str, data: st.DataObject) -> None:
        """Take and settle, with some time between."""
        self.time_passes(lane, leases=False, retries=True, holds=True, crashed=None, known=False)
        self.take(lane, worker, 4)
        self.settle(worker, mood, again=False, data=data)

    def _settle(
        self,
        lane: str,
        alone: bool,
        probe: str,
        believed: list[TakenEntry],
        verdicts: list[tuple[bytes, Outcome]],
        *,
        again: bool = False,
    ) -> None:
        """`again`: the reply was lost, so the client repeats the command; the second time must change nothing."""
        run = Run()
        expected = [
            self._settled(lane, entry, verdict, run) for entry, (_, verdict) in zip(believed, verdicts, strict=True)
        ]
        is_open, failed_probe = self.breakers[lane].settle(run, probe)
        for entry, attempt, last in run.failed:
            self._failed(lane, self.model[lane][entry], attempt, last, is_open, failed_probe)
        measures = TakeTimings()
        measures.record_call(0.1)
        ended = self.lanes.settle(lane, verdicts, suspect=alone, probe=probe, timings=measures)
        self.measured[lane] += 0 < ended.entries == len(verdicts)
        assert ended[:3] == tuple(sum(part) for part in zip(*expected, strict=True))
        assert ended.breaker.is_open == is_open
        if again:
            repeated = self.lanes.settle(lane, verdicts, suspect=alone, probe=probe, timings=measures)
            assert repeated[:3] == (0, 0, 0)

    @rule(
        lane=lanes_,
        leases=st.booleans(),
        retries=st.booleans(),
        holds=st.booleans(),
        crashed=st.sampled_from((None, "A", "B")),
        known=st.booleans(),
    )
    def time_passes(
        self, lane: str, leases: bool, retries: bool, holds: bool, crashed: str | None, known: bool
    ) -> None:
        """Let leases expire: a worker that has not crashed was paused, and will settle too late."""
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
        if holds:
            self.client.delete(f"sluice:lane:{lane}:hold")
            self.breakers[lane].held = False
        self._tick(crashed if known else None)

    def _tick(self, dead: str | None = None) -> None:
        """Run maintenance on all lanes. `dead`: a worker that is known to have crashed."""
        for lane, did in self.lanes.run_maintenance(LANES, [dead] if dead else []).items():
            due = [place for place in self.model[lane].values() if place.state == "retry" and place.due]
            held = [place for place in self.model[lane].values() if place.state == "held"]
            lost = [place for place in held if place.expired or place.holder == dead]
            poison = [place for place in lost if place.deaths + 1 >= MAX_DEATHS]
            assert did[:3] == (len(due), len(lost) - len(poison), len(poison))
            for place in due:
                place.state = "waiting"
            for place in lost:
                place.state, place.deaths = "suspect", place.deaths + 1
            for place in poison:
                place.state = "dead"
            if dead:
                self.breakers[lane].die(dead)

    @invariant()
    def every_entry_is_where_it_must_be_and_nowhere_else(self) -> None:
        for lane in LANES if hasattr(self, "model") else ():
            there = looking.look(self.client, lane)
            assert sorted(there.waiting) == self._in(lane, "waiting")
            assert sorted(there.suspects) == self._in(lane, "suspect")
            assert sorted(there.held) == self._in(lane, "held")
            assert sorted(there.retrying) == self._in(lane, "retry")
            assert sorted(there.dead) == self._in(lane, "dead")

    @invariant()
    def the_counts_tell_exactly_what_happened(self) -> None:
        for lane in LANES if hasattr(self, "model") else ():
            counts = looking.counts(self.client, lane)
            assert counts.get("entered", 0) == len(self.model[lane])
            assert counts.get("done", 0) == len(self._in(lane, "done"))
            assert counts.get("dead", 0) == len(self._in(lane, "dead")) + self.replayed[lane]
            assert counts.get("replayed", 0) == self.replayed[lane]
            assert looking.times(self.client, lane).get("call:0.1", 0) == self.measured[lane]

    @invariant()
    def every_breaker_is_what_it_must_be(self) -> None:
        for lane, breaker in self.breakers.items() if hasattr(self, "model") else ():
            kept: Any = self.client.hgetall(f"sluice:lane:{lane}:breaker")
            assert (b"since" in kept) == breaker.open
            assert int(kept.get(b"streak", 0)) == len(breaker.streak)
            assert int(kept.get(b"proven", 1)) == (breaker.proven or 1)
            assert kept.get(b"probe", b"").decode() == breaker.probe
            assert bool(self.client.exists(f"sluice:lane:{lane}:hold")) == breaker.held

    def teardown(self) -> None:
        """Finally lose all wake-ups: lanes with work are woken again, others are not, and everything is handled."""
        if not hasattr(self, "model"):
            return
        self.client.delete("sluice:queue:work")
        for lane in LANES:
            looking.let_wakeups_wait(self.client, lane, 60)
        self._tick()
        with_work = {
            lane
            for lane in LANES
            if (self._in(lane, "waiting") or self._in(lane, "suspect"))
            and not self.breakers[lane].held
            and lane not in self.paused
        }
        assert set(looking.woken(self.client)) == with_work
        for lane in LANES:
            self._resume(lane)
        unfinished = [lane for lane in LANES if self._left(lane)]
        for _ in range(sum(map(len, self.model.values())) + 2):
            for lane in LANES:
                self.time_passes(lane, leases=True, retries=True, holds=True, crashed="A", known=True)
                self.take(lane, "A", 1000)
                for alone, probe in {item[1:3] for item in self.workers["A"].entries}:
                    entries = [entry for _, where, _, entry in self.workers["A"].entries if where == alone]
                    self._settle(lane, alone, probe, entries, [(entry.id, Completed()) for entry in entries])
                self.every_entry_is_where_it_must_be_and_nowhere_else()
                self.every_breaker_is_what_it_must_be()
        assert not any(self._left(lane) for lane in LANES)
        assert not any(self.breakers[lane].open for lane in unfinished)

    def _resume(self, lane: str) -> None:
        assert resume_lane(self.client, lane) == (lane in self.paused)
        self.paused.discard(lane)

    def _left(self, lane: str) -> bool:
        return any(place.state not in ("done", "dead") for place in self.model[lane].values())

    def _in(self, lane: str, state: str) -> list[bytes]:
        return sorted(entry for entry, place in self.model[lane].items() if place.state == state)

    def _hold(self, lane: str, worker: str, taken: list[TakenEntry], *, alone: bool, probe: str = "") -> None:
        for entry in taken:
            place = self.model[lane][entry.data]
            assert place.state == ("suspect" if alone else "waiting")
            assert (entry.attempts, entry.deaths) == (place.attempts, place.deaths)
            place.state, place.id, place.holder, place.alone, place.expired = "held", entry.id, worker, alone, False
            self.workers[worker].entries.append((lane, alone, probe, entry))

    def _settled(self, lane: str, entry: TakenEntry, verdict: Outcome, run: Run) -> tuple[int, int, int]:
        place = self.model[lane][entry.data]
        if (place.state, place.id) != ("held", entry.id):
            if verdict == Completed():
                run.plain.append(None)
            return 0, 0, 0  # another has it, or had it: this verdict comes too late
        added = duplicates = 0
        match verdict:
            case Completed(following):
                place.state = "done"
                run.answers, run.done = run.answers + 1, run.done + 1
                if not following:
                    run.plain.append(place.attempts + 1)
                for event in following:
                    fresh = event.key not in self.seen
                    added, duplicates = added + fresh, duplicates + (not fresh)
                    if fresh:
                        self.seen.add(event.key)
                        self.model["second"][event.data] = Place()
            case Rescheduled(failed=True) | DeadLettered(failed=True):
                place.state = "failed"  # what becomes of it depends on the others
                run.failed.append((entry.data, place.attempts + 1, isinstance(verdict, DeadLettered)))
            case Rescheduled(_, _, counted):
                place.state, place.due, place.deaths = "retry", False, 0
                place.attempts += counted
            case DeadLettered(why):
                place.state = "dead"
                run.answers += why == "rejected"
            case Released():
                place.state = "suspect" if place.alone else "waiting"
        return 1, added, duplicates

    def _failed(self, lane: str, place: Place, attempt: int, last: bool, is_open: bool, failed_probe: bool) -> None:
        """Apply a failure. While the breaker is open, only the entry that its probes continue with uses up attempts."""
        alone = [each for each in self.model[lane].values() if each.alone and each.state == "held"]
        if not is_open:
            place.state, place.attempts = ("dead", place.attempts) if last else ("retry", attempt)
        elif failed_probe and not last and not alone and not self._in(lane, "suspect"):
            place.state, place.attempts = "suspect", attempt
        else:
            place.state = "retry"
        if place.state != "dead":
            place.due, place.deaths = False, 0
