"""What the console knows of the system, renewed every two seconds: the last look, the hour before, what is wrong."""

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

#: Seconds between two looks at the database.
_DATABASE_INTERVAL = 5.0
#: Seconds over which a lane's rates are taken.
_RATE_WINDOW = 10.0


class LaneRate(NamedTuple):
    """What happened in a lane, a second."""

    done: float
    errors: float


class MonitoringState(NamedTuple):
    """What the pages show. Replaced as a whole, never changed."""

    sequence: int = 0  # of the look
    snapshot: Snapshot | None = None  # the last that succeeded
    samples: tuple[Sample, ...] = ()
    problems: tuple[Problem, ...] = ()
    rates: dict[str, LaneRate] = {}  # by lane  # noqa: RUF012 - never changed
    outage: str = ""  # why there was no look; empty: there was
    is_fault: bool = False  # …because this console failed, not Redis
    outage_since_ms: int = 0


class Sampler:
    """Renews `state` from a thread. `check_database` raises Unavailable; None: there is no event store."""

    def __init__(
        self,
        client: redis.Redis,
        check_database: Callable[[], None] | None,
        *,
        on_snapshot: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._check_database = check_database
        self._on_snapshot = on_snapshot
        self._clock = clock
        self.history = SampleHistory(client)
        self.state = MonitoringState()
        self._recent: list[Snapshot] = []  # those of the last seconds, the oldest first
        self._external = ExternalState()
        self._threads = [PeriodicThread("look", self.refresh, SAMPLE_INTERVAL)]
        if check_database is not None:
            self._threads.append(PeriodicThread("database", self.refresh_database, _DATABASE_INTERVAL))

    def start(self) -> None:
        """Begins to look."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stops looking."""
        for thread in self._threads:
            thread.stop()

    def refresh(self) -> None:
        """One look."""
        try:
            if not self._recent:
                self.history.read()
            now = take_snapshot(self._client)
            self._on_snapshot()
            self._record_snapshot(now)
        except (RedisError, OSError) as error:
            self._record_outage(error, is_fault=False)
        except Exception as error:
            self._record_outage(error, is_fault=True)  # what stands there must not look as if it were of now
            raise

    def _record_outage(self, error: Exception, *, is_fault: bool) -> None:
        since = self.state.outage_since_ms or round(self._clock() * 1000)
        number = self.state.sequence + 1
        self.state = self.state._replace(
            sequence=number, outage=_describe_error(error), is_fault=is_fault, outage_since_ms=since
        )

    def _record_snapshot(self, now: Snapshot) -> None:
        hour = now.at_ms - RETENTION_SECONDS * 1000
        samples = self.history.since(hour)
        before = samples[-1].troubles if samples else {}
        # Dead letters may also have become fewer since.
        newly = sum(lane.dead for lane in now.lanes) - samples[0].dead if samples else 0
        refused = tuple(rejection_problems(samples, now.at_ms))
        found = find_problems(now, self._external._replace(new_dead_letters=newly, rejections=refused), before)
        if self._recent:
            self.history.add(make_sample(self._recent[-1], now, found))
        self._recent = [*(seen for seen in self._recent if now.at_ms - seen.at_ms <= _RATE_WINDOW * 1000), now]
        self.state = MonitoringState(
            sequence=self.state.sequence + 1,
            snapshot=now,
            samples=tuple(self.history.since(hour)),
            problems=tuple(found),
            rates=_rates(self._recent[0], now),
        )

    def refresh_database(self) -> None:
        """One look at the event store."""
        assert self._check_database is not None
        try:
            self._check_database()
        except Unavailable as error:
            since = self._external.database_since_ms or round(self._clock() * 1000)
            words = str(error).removeprefix("the event store is unavailable: ")
            self._external = ExternalState(database_error=words, database_since_ms=since)
        else:
            self._external = ExternalState()

    @property
    def database_error(self) -> str:
        """Why the event store does not answer; empty: it does, or nobody asked."""
        return self._external.database_error


def _rates(first: Snapshot, last: Snapshot) -> dict[str, LaneRate]:
    seconds = (last.at_ms - first.at_ms) / 1000
    if seconds <= 0:
        return {}
    known = {lane.lane: lane for lane in first.lanes}
    return {lane.lane: _rate(known[lane.lane], lane, seconds) for lane in last.lanes if lane.lane in known}


def _rate(before: LaneStatus, now: LaneStatus, seconds: float) -> LaneRate:
    def grown(*names: str) -> float:
        return max(sum(now.counts.get(name, 0) - before.counts.get(name, 0) for name in names), 0) / seconds

    return LaneRate(grown("done"), grown("retry", "dead"))


def _describe_error(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
