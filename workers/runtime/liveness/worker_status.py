"""What the workers say of themselves in Redis, once a second: who is there, and whether it takes messages."""

from typing import Any, NamedTuple

import msgspec
import redis

from shared.redis.scripts import read_script

WORKERS, SAID = "sluice:workers", "sluice:workers:said"
#: Seconds without a word after which a worker's main process counts as stopped, stuck or gone.
REPORT_TIMEOUT = 10.0
#: Seconds for which a silent worker is remembered, so that one can be told of it.
_REPORT_TTL = 600.0
#: Seconds after which a pulse that nobody took is gone, as its worker is.
_PULSE = 60.0

STARTING, LISTENING, FULL, DEAF, ENDING, STOPPING = "starting", "listening", "full", "deaf", "ending", "stopping"


class WorkerReport(msgspec.Struct, frozen=True):
    """What a worker says of itself."""

    host: str
    node: str  # Celery's name of it
    pid: int  # of its main process
    pool: str
    queues: tuple[str, ...]
    state: str
    silent: float  # seconds for which it has taken no message, though it could
    running: int
    slots: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return msgspec.structs.asdict(self)


class WorkerStatus(NamedTuple):
    """A worker, as it last said it was."""

    name: str
    age: float  # seconds since then
    said: WorkerReport

    @property
    def trouble(self) -> str:
        """Why it is of no use now, in words; empty if it is well."""
        if self.age >= REPORT_TIMEOUT:
            return f"its main process has said nothing for {self.age:.0f} s"
        if self.said.state in {LISTENING, FULL}:
            return ""
        if self.said.state == DEAF:
            return f"it has taken no messages for {self.said.silent:.0f} s, though it has room"
        return f"it is {self.said.state}"


class WorkerStatusPublisher:
    """One worker's word in Redis. Methods may raise redis.exceptions.RedisError; each may be repeated.

    `pulses`: key of the queue that the worker's pulses go to.
    """

    def __init__(self, client: redis.Redis, name: str, pulses: str) -> None:
        self._name = name
        self._keys = (WORKERS, SAID, pulses)
        self._script = client.register_script(read_script(__package__, "worker_status"))

    def publish(self, said: WorkerReport, pulse: str = "") -> None:
        """Says it, and puts a pulse into its own queue, or takes back the one that is there."""
        self._call(msgspec.json.encode(said), pulse)

    def withdraw(self) -> None:
        """It ends as it should, and is forgotten."""
        self._call(b"", "")

    def _call(self, said: bytes, pulse: str) -> None:
        self._script(keys=self._keys, args=[self._name, said, round(_REPORT_TTL * 1000), pulse, round(_PULSE * 1000)])


def worker_statuses(client: redis.Redis) -> list[WorkerStatus]:
    """All workers of the last minutes, by name; also those that went without a word. Raises RedisError."""
    pipe = client.pipeline(transaction=True)
    pipe.time()
    pipe.zrange(WORKERS, 0, -1, withscores=True)
    pipe.hgetall(SAID)
    (seconds, micros), times, said = pipe.execute()
    now = seconds + micros / 1e6
    found = [_worker(name, now - ms / 1000, said[name]) for name, ms in times if name in said]
    return sorted(found, key=lambda worker: (worker.said.host, worker.said.node, worker.name))


def _worker(name: bytes, age: float, said: Any) -> WorkerStatus:
    return WorkerStatus(name.decode(), max(age, 0.0), msgspec.json.decode(said, type=WorkerReport))
