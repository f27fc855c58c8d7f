"""Watch the system: renew the snapshot, the samples of the last hour and the problems every two seconds."""

import time
from collections.abc import Callable
from typing import NamedTuple

import redis
from redis.exceptions import RedisError

from shared.errors import Unavailable
from workers.lanes.status import LaneStatus
from workers.operations.monitoring.periodic_thread import PeriodicThread
from workers.operations.monitoring.problem import Problem
from workers.operations.monitoring.problems import ExternalState, find_problems, rejection_problems
from workers.operations.monitoring.sample import Sample, make_sample
from workers.operations.monitoring.sample_history import RETENTION_SECONDS, SAMPLE_INTERVAL, SampleHistory
from workers.operations.monitoring.snapshot import Snapshot, take_snapshot

#: Seconds between two checks of the database.
_DATABASE_INTERVAL = 5.0
#: Seconds over which a lane's rates are averaged.
_RATE_WINDOW = 10.0


class LaneRate(NamedTuple):
    """Runs in a lane per second."""

    done: float
    errors: float


class MonitoringState(NamedTuple):
    """What the console's pages show. Replaced as a whole, never changed."""

    sequence: int = 0  # increases with every attempt to take a snapshot
    snapshot: Snapshot | None = None  # the last one taken
    samples: tuple[Sample, ...] = ()
    problems: tuple[Problem, ...] = ()
    rates: dict[str, LaneRate] = {}  # by lane  # noqa: RUF012 - never changed
    outage: str = ""  # why the last attempt failed; empty: it did not
    is_fault: bool = False  # it failed because of an error in this console, not because of Redis
    outage_since_ms: int = 0


class Sampler:
    """Renews `state` from a thread.

    `check_database` raises Unavailable; None: there is no event store. `on_snapshot` is called after each snapshot.
    """

    def __init__(
        self,
        client: redis.Redis,
        check_database: Callable[[], None] | None,
        *,
        on_snapshot: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self.check_database = check_database
        self._on_snapshot = on_snapshot
        self._clock = clock
        self.history = SampleHistory(client)
        self.state = MonitoringState()
        self._recent: list[Snapshot] = []  # those of the rate window, the oldest first
        self._external = ExternalState()
        self._threads = [PeriodicThread("snapshot", self.refresh, SAMPLE_INTERVAL)]
        if check_database is not None:
            self._threads.append(PeriodicThread("database", self.refresh_database, _DATABASE_INTERVAL))

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop the threads."""
        for thread in self._threads:
            thread.stop()

    def refresh(self) -> None:
        """Take a snapshot and renew the state. If Redis fails, the state says so; other errors are also raised."""
        try:
            if not self._recent:
                self.history.read()
            now = take_snapshot(self._client)
            self._on_snapshot()
            self._record_snapshot(now)
        except (RedisError, OSError) as error:
            self._record_outage(error, is_fault=False)
        except Exception as error:
            self._record_outage(error, is_fault=True)  # old figures must not look like current ones
            raise

    def refresh_database(self) -> None:
        """Check whether the event store answers."""
        assert self.check_database is not None
        try:
            self.check_database()
        except Unavailable as error:
            since = self._external.database_since_ms or round(self._clock() * 1000)
            reason = str(error).removeprefix("the event store is unavailable: ")
            self._external = ExternalState(database_error=reason, database_since_ms=since)
        else:
            self._external = ExternalState()

    @property
    def database_error(self) -> str:
        """Return why the event store does not answer; empty: it does, or there is none."""
        return self._external.database_error

    def _record_outage(self, error: Exception, *, is_fault: bool) -> None:
        self.state = self.state._replace(
            sequence=self.state.sequence + 1,
            outage=" ".join(str(error).split()) or type(error).__name__,
            is_fault=is_fault,
            outage_since_ms=self.state.outage_since_ms or round(self._clock() * 1000),
        )

    def _record_snapshot(self, now: Snapshot) -> None:
        hour_ago = now.at_ms - RETENTION_SECONDS * 1000
        samples = self.history.since(hour_ago)
        known_since = samples[-1].problems if samples else {}
        # Negative if dead letters were replayed or discarded.
        new_dead_letters = sum(lane.dead for lane in now.lanes) - samples[0].dead if samples else 0
        rejections = tuple(rejection_problems(samples, now.at_ms))
        external = self._external._replace(new_dead_letters=new_dead_letters, rejections=rejections)
        problems = find_problems(now, external, known_since)
        if self._recent:
            self.history.add(make_sample(self._recent[-1], now, problems))
        self._recent = [*(past for past in self._recent if now.at_ms - past.at_ms <= _RATE_WINDOW * 1000), now]
        self.state = MonitoringState(
            sequence=self.state.sequence + 1,
            snapshot=now,
            samples=tuple(self.history.since(hour_ago)),
            problems=tuple(problems),
            rates=_rates(self._recent[0], now),
        )


def _rates(first: Snapshot, last: Snapshot) -> dict[str, LaneRate]:
    seconds = (last.at_ms - first.at_ms) / 1000
    if seconds <= 0:
        return {}
    before = {lane.lane: lane for lane in first.lanes}
    return {lane.lane: _rate(before[lane.lane], lane, seconds) for lane in last.lanes if lane.lane in before}


def _rate(before: LaneStatus, now: LaneStatus, seconds: float) -> LaneRate:
    def per_second(*names: str) -> float:
        return max(sum(now.counts.get(name, 0) - before.counts.get(name, 0) for name in names), 0) / seconds

    return LaneRate(done=per_second("done"), errors=per_second("retry", "dead"))
