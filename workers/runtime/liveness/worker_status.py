"""The status of each worker, which it publishes to Redis every second: that it lives, and receives messages."""

from typing import Any, NamedTuple

import msgspec
import redis

from shared.redis.scripts import read_script

WORKERS_KEY, REPORTS_KEY = "sluice:workers", "sluice:workers:said"
#: Seconds without a report after which a worker's main process counts as stopped, stuck or gone.
REPORT_TIMEOUT = 10.0
#: Seconds after its last report at which a worker is forgotten. Until then it is listed as silent.
_REPORT_TTL = 600.0
#: Seconds after which a self-ping that was not received expires, since its worker is gone.
_PING_TTL = 60.0

#: The states of a worker. "deaf" is in use in Redis, so the value stays: the worker receives no messages.
STARTING, LISTENING, FULL, STALLED, ENDING, STOPPING = "starting", "listening", "full", "deaf", "ending", "stopping"


class WorkerReport(msgspec.Struct, frozen=True):
    """What a worker publishes."""

    host: str
    node: str  # Celery's name for the worker
    pid: int  # of its main process
    pool: str  # prefork, threads or solo
    queues: tuple[str, ...]
    state: str
    silent: float  # seconds in which it could receive messages and received none
    running: int  # handlers and other steps at work
    slots: int  # how many can be

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name, for JSON."""
        return msgspec.structs.asdict(self)


class WorkerStatus(NamedTuple):
    """A worker's last report."""

    name: str
    age: float  # seconds since the report
    report: WorkerReport

    @property
    def problem(self) -> str:
        """Return why the worker is of no use now; empty if it works."""
        if self.age >= REPORT_TIMEOUT:
            return f"no report from its main process for {self.age:.0f} s"
        if self.report.state in {LISTENING, FULL}:
            return ""
        if self.report.state == STALLED:
            return f"it has received no messages for {self.report.silent:.0f} s although it has free slots"
        return f"it is {self.report.state}"


class WorkerStatusPublisher:
    """Publishes one worker's status. Methods may raise redis.exceptions.RedisError; each may be repeated.

    `ping_key` is the key of the worker's own queue, through which its self-pings go.
    """

    def __init__(self, client: redis.Redis, name: str, ping_key: str) -> None:
        self._name = name
        self._keys = (WORKERS_KEY, REPORTS_KEY, ping_key)
        self._script = client.register_script(read_script(__package__, "worker_status"))

    def publish(self, report: WorkerReport, ping: str = "") -> None:
        """Publish the report, and put `ping` into the worker's own queue in place of an earlier one (empty: none)."""
        self._call(msgspec.json.encode(report), ping)

    def withdraw(self) -> None:
        """Remove the worker's status after a clean stop."""
        self._call(b"", "")

    def _call(self, report: bytes, ping: str) -> None:
        args: list[str | bytes | int] = [self._name, report, round(_REPORT_TTL * 1000), ping, round(_PING_TTL * 1000)]
        self._script(keys=self._keys, args=args)


def worker_statuses(client: redis.Redis) -> list[WorkerStatus]:
    """Return the status of each worker of the last 10 minutes, silent ones included, by host and name.

    Raises RedisError.
    """
    pipe = client.pipeline(transaction=True)
    pipe.time()
    pipe.zrange(WORKERS_KEY, 0, -1, withscores=True)
    pipe.hgetall(REPORTS_KEY)
    (seconds, micros), times, reports = pipe.execute()
    now = seconds + micros / 1e6
    statuses = [_status(name, now - ms / 1000, reports[name]) for name, ms in times if name in reports]
    return sorted(statuses, key=lambda worker: (worker.report.host, worker.report.node, worker.name))


def _status(name: bytes, age: float, report: Any) -> WorkerStatus:
    return WorkerStatus(name.decode(), max(age, 0.0), msgspec.json.decode(report, type=WorkerReport))
