"""Gather the facts: each piece in a thread of its own, so that a hanging piece does not delay the others."""

import importlib
import os
import queue
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import httpx
from redis.exceptions import RedisError
from sqlalchemy import inspect

from shared.errors import InvalidSettings, SluiceError
from shared.networks import is_loopback
from shared.redis.connection import connect
from shared.settings import Settings
from shared.text import escape_control_chars
from workers.lanes.heartbeats import HeartbeatRegistry
from workers.lanes.status import lane_statuses
from workers.media.address import MediaAddress
from workers.operations.doctor.facts import (
    AuthFacts,
    DatabaseFacts,
    DiskFacts,
    Facts,
    HandlerFacts,
    LaneFacts,
    MediaFacts,
    ProbeFailed,
    RedisFacts,
    WorkerFacts,
    WorkersFacts,
)
from workers.operations.hidden_packages import hidden_packages
from workers.operations.redis_info import read_redis_info
from workers.runtime.liveness import worker_status
from workers.store import Store
from workers.store.schema import tables, upgrade

#: Seconds for each piece.
PROBE_TIMEOUT = 3.0
#: An id that does not exist.
_UNKNOWN_MEDIA_ID = "0"
_T = TypeVar("_T", bound=NamedTuple)


def gather_facts(settings: Settings, *, timeout: float = PROBE_TIMEOUT) -> Facts:
    """Return all facts. `timeout`: seconds after which an unfinished piece is reported as failed."""
    probes, address = _ConcurrentProbes(timeout), settings.database
    redis = probes.start(lambda: redis_facts(settings.redis))
    workers = probes.start(lambda: workers_facts(settings.redis))
    database = probes.start(lambda: database_facts(address)) if address is not None else None
    media = probes.start(lambda: media_facts(settings, timeout)) if settings.media_url else None
    disk = probes.start(lambda: disk_facts(settings.data_dir, settings.spool_dir, settings.spool_bytes))
    handlers = probes.start(lambda: handler_facts(settings.handlers))
    return Facts(
        redis=redis(),
        database=database() if database else None,
        media=media() if media else None,
        auth=AuthFacts(settings.host, is_loopback(settings.host), settings.has_secret),
        disk=disk(),
        workers=workers(),
        handlers=handlers(),
        min_replicas=settings.min_replicas,
    )


class _ConcurrentProbes:
    """Probes that run concurrently and share one deadline."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout

    def start(self, probe: Callable[[], _T]) -> Callable[[], _T | ProbeFailed]:
        """Start a probe; return a function that waits for its facts."""
        results: queue.SimpleQueue[_T | ProbeFailed] = queue.SimpleQueue()
        # A daemon thread: the process can exit while the probe hangs.
        threading.Thread(target=lambda: results.put(_try_probe(probe)), daemon=True).start()

        def wait() -> _T | ProbeFailed:
            try:
                return results.get(timeout=max(self._deadline - time.monotonic(), 0))
            except queue.Empty:
                return ProbeFailed(f"no answer within {self._timeout:g} s")

        return wait


def _try_probe(probe: Callable[[], _T]) -> _T | ProbeFailed:
    try:
        return probe()
    except InvalidSettings as error:
        return ProbeFailed("; ".join(error.problems))
    except RedisError as error:
        return ProbeFailed(f"does not answer: {escape_control_chars(str(error))}")
    except httpx.HTTPError as error:
        # Not its text, which may contain the address and with it a key.
        return ProbeFailed(f"does not answer: {type(error).__name__}")
    except (SluiceError, OSError, ValueError) as error:
        return ProbeFailed(escape_control_chars(str(error)))


def redis_facts(url: str) -> RedisFacts:
    """Return the facts about Redis. Raises RedisError."""
    with connect(url, retries=0) as client:
        info = read_redis_info(client)  # also connects, so that the latency is that of the command alone
        before, started = time.time(), time.perf_counter()
        seconds, microseconds = client.time()
        took = time.perf_counter() - started
        skew = int(seconds) + int(microseconds) / 1e6 - before - took / 2
        return RedisFacts(info, latency_ms=took * 1000, skew_seconds=skew)


def workers_facts(url: str) -> WorkersFacts:
    """Return the facts about the workers, from Redis. Raises RedisError."""
    with connect(url, retries=0) as client:
        workers = tuple(_worker_facts(worker) for worker in worker_status.worker_statuses(client))
        lanes = tuple(LaneFacts(lane.lane, lane.queue, lane.waiting) for lane in lane_statuses(client))
        return WorkersFacts(workers, HeartbeatRegistry(client).count_alive(), lanes)


def _worker_facts(worker: worker_status.WorkerStatus) -> WorkerFacts:
    return WorkerFacts(
        name=f"{worker.report.node} (pid {worker.report.pid})",
        queues=worker.report.queues,
        problem=worker.problem,
        node=worker.report.node,
        is_silent=worker.age >= worker_status.REPORT_TIMEOUT,
    )


def database_facts(address: str) -> DatabaseFacts:
    """Return the facts about the event store. Raises StoreUnavailable or ValueError."""
    store = Store(address, timeout=PROBE_TIMEOUT)
    try:
        store.check()  # connects
        started = time.perf_counter()
        store.check()
        took = time.perf_counter() - started
        with store.reading() as connection:
            kind = "PostgreSQL" if connection.dialect.name == "postgresql" else "SQLite"
            existing = set(inspect(connection).get_table_names())
            missing = tuple(name for name in tables.metadata.tables if name not in existing)
            indexes = () if missing else tuple(str(index.name) for index in upgrade.missing_indexes(connection))
        return DatabaseFacts(kind, took * 1000, missing, indexes)
    finally:
        store.close()


def media_facts(settings: Settings, timeout: float) -> MediaFacts:
    """Ask the media API once for an id that does not exist.

    Raises httpx.HTTPError, or ValueError for an invalid address.
    """
    name, value = settings.media_header or ("accept", "*/*")
    url = MediaAddress(settings.media_url or "").url(_UNKNOWN_MEDIA_ID)
    # Redirects are not followed: their target must not get the credential.
    with httpx.Client(timeout=timeout, trust_env=False) as client:
        return MediaFacts(client.get(url, headers={name: value}).status_code)


def disk_facts(folder: Path, spool: Path, limit: int) -> DiskFacts:
    """Return the facts about the data folder, or about where it will be created. Raises OSError."""
    existing = folder.resolve()
    while not existing.exists():
        existing = existing.parent
    used = sum(file.stat().st_size for file in spool.glob("*") if file.is_file())
    return DiskFacts(str(folder), os.access(existing, os.W_OK), shutil.disk_usage(existing).free, used, limit)


def handler_facts(modules: tuple[str, ...]) -> HandlerFacts:
    """Import the handler modules. Never raises: what an import raises is among the facts."""
    broken = []
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: BLE001 - whatever it is, the module's author must see it
            broken.append((module, escape_control_chars(f"{type(error).__name__}: {error}")))
    return HandlerFacts(modules, tuple(broken), hidden_packages(Path.cwd()))
