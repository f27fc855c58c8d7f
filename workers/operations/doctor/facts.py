"""The facts that `sluice doctor` judges. None contains a secret or a customer's data: all of them may be printed."""

from typing import NamedTuple

from workers.operations.redis_info import RedisInfo


class ProbeFailed(NamedTuple):
    """A probe that could not gather its facts."""

    reason: str


class RedisFacts(NamedTuple):
    """One Redis or Valkey server."""

    info: RedisInfo
    latency_ms: float  # of one command
    skew_seconds: float  # its clock minus this machine's


class DatabaseFacts(NamedTuple):
    """The event store."""

    kind: str  # PostgreSQL or SQLite
    latency_ms: float  # of one query
    missing_tables: tuple[str, ...]
    missing_indexes: tuple[str, ...]


class MediaFacts(NamedTuple):
    """The media API."""

    status: int  # its HTTP status for an id that does not exist


class DiskFacts(NamedTuple):
    """The folder in which the spool and the embedded servers keep their data."""

    folder: str
    writable: bool
    free_bytes: int
    spool_bytes: int
    spool_limit_bytes: int


class LaneFacts(NamedTuple):
    """A lane and its backlog."""

    lane: str
    queue: str
    waiting: int


class WorkerFacts(NamedTuple):
    """A Celery worker."""

    name: str
    queues: tuple[str, ...]
    problem: str  # why it handles nothing now; empty: it does
    node: str = ""  # Celery's name for it, which it keeps when it is restarted
    is_silent: bool = False  # it no longer reports its status


class WorkersFacts(NamedTuple):
    """All workers, and the lanes that they should drain."""

    workers: tuple[WorkerFacts, ...]
    processes: int  # with a recent heartbeat
    lanes: tuple[LaneFacts, ...]


class AuthFacts(NamedTuple):
    """Who can send webhooks."""

    host: str
    is_loopback: bool
    has_secret: bool


class HandlerFacts(NamedTuple):
    """The handler modules."""

    modules: tuple[str, ...]
    broken: tuple[tuple[str, str], ...]  # those that cannot be imported, with the reason
    hidden_packages: tuple[str, ...] = ()  # packages of the current folder with the name of one of Sluice's


class Facts(NamedTuple):
    """All facts. None: the piece is switched off in the settings."""

    redis: RedisFacts | ProbeFailed
    database: DatabaseFacts | ProbeFailed | None
    media: MediaFacts | ProbeFailed | None
    auth: AuthFacts
    disk: DiskFacts | ProbeFailed
    workers: WorkersFacts | ProbeFailed
    handlers: HandlerFacts | ProbeFailed
    min_replicas: int = 0


class Check(NamedTuple):
    """The result of one check."""

    name: str
    ok: bool
    message: str
    advice: str = ""  # what to do; if the check is ok, what could be better


_MIB = 1024 * 1024


def format_size(size: int) -> str:
    """Return a number of bytes in MiB or GiB."""
    return f"{size / _MIB:.0f} MiB" if size < 1024 * _MIB else f"{size / _MIB / 1024:.1f} GiB"
