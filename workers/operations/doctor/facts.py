"""What `sluice doctor` sees. None holds a secret or a customer's data: all of it may be printed."""

from typing import NamedTuple


class ProbeFailed(NamedTuple):
    """What could not be looked at, and why, in words."""

    reason: str


class RedisFacts(NamedTuple):
    """One Redis or Valkey server. None: it does not say (a managed one may refuse CONFIG)."""

    product: str  # Redis or Valkey
    version: str
    latency_ms: float
    skew_s: float  # its clock minus ours
    role: str
    appendonly: bool
    appendfsync: str | None
    aof_writes: bool  # the last write to the append-only file went well
    policy: str
    used_memory: int
    maxmemory: int  # 0: no limit
    replicas: int  # that are online


class DatabaseFacts(NamedTuple):
    """The event store."""

    kind: str  # PostgreSQL or SQLite
    latency_ms: float
    missing_tables: tuple[str, ...]
    missing_indexes: tuple[str, ...]


class MediaFacts(NamedTuple):
    """What the media API answered to an id that does not exist."""

    status: int


class DiskFacts(NamedTuple):
    """Where the spool and the embedded servers keep their data."""

    folder: str
    writable: bool
    free_bytes: int  # bytes
    spool_bytes: int
    spool_limit_bytes: int


class LaneFacts(NamedTuple):
    """A lane and what waits in it."""

    lane: str
    queue: str
    waiting: int


class WorkerFacts(NamedTuple):
    """A Celery worker; `trouble` says in words why it is of no use now."""

    name: str
    queues: tuple[str, ...]
    problem: str
    node: str = ""  # the name that it keeps when it is started again
    is_silent: bool = False  # it says nothing any more


class WorkersFacts(NamedTuple):
    """The workers, and what there is for them."""

    workers: tuple[WorkerFacts, ...]
    processes: int  # that hold entries, or could
    lanes: tuple[LaneFacts, ...]


class AuthFacts(NamedTuple):
    """Who can send webhooks."""

    host: str
    is_loopback: bool
    has_secret: bool


class HandlerFacts(NamedTuple):
    """Handler modules, and those that do not import with the reason."""

    modules: tuple[str, ...]
    broken: tuple[tuple[str, str], ...]


class Facts(NamedTuple):
    """All that was seen. None: there is nothing to see, because it is not wanted."""

    redis: RedisFacts | ProbeFailed
    database: DatabaseFacts | ProbeFailed | None
    media: MediaFacts | ProbeFailed | None
    auth: AuthFacts
    disk: DiskFacts | ProbeFailed
    workers: WorkersFacts | ProbeFailed
    handlers: HandlerFacts | ProbeFailed
    min_replicas: int = 0


_MIB = 1024 * 1024


class Check(NamedTuple):
    """One thing that was checked."""

    name: str
    ok: bool
    message: str
    advice: str = ""  # what to do, or where it is well what could be better


def size(count: int) -> str:
    """So many bytes, for people."""
    return f"{count / _MIB:.0f} MiB" if count < 1024 * _MIB else f"{count / _MIB / 1024:.1f} GiB"
