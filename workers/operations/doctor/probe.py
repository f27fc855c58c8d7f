"""Gathering the facts: each piece in a thread of its own, so that nothing that hangs keeps the doctor waiting."""

import importlib
import os
import queue
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import httpx
import redis
from redis.exceptions import RedisError, ResponseError
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
from workers.runtime.liveness import worker_status
from workers.store import Store
from workers.store.schema import tables, upgrade

#: Seconds that each piece may take.
PROBE_TIMEOUT = 3.0
#: An id that no file has.
_UNKNOWN_MEDIA_ID = "0"
_T = TypeVar("_T", bound=NamedTuple)


def gather_facts(settings: Settings, *, timeout: float = PROBE_TIMEOUT) -> Facts:
    """All facts, within `limit` seconds and a little."""
    at_once = _ConcurrentProbes(timeout)
    address = settings.database
    answers = {
        "redis": at_once.start(lambda: redis_facts(settings.redis)),
        "workers": at_once.start(lambda: workers_facts(settings.redis)),
        "database": at_once.start(lambda: database_facts(address)) if address is not None else None,
        "media": at_once.start(lambda: media_facts(settings, timeout)) if settings.media_url else None,
        "disk": at_once.start(lambda: disk_facts(settings.data_dir, settings.spool_dir, settings.spool_bytes)),
        "handlers": at_once.start(lambda: handler_facts(settings.handlers)),
    }
    door = AuthFacts(settings.host, is_loopback(settings.host), settings.has_secret)
    seen: dict[str, Any] = {name: answer() if answer else None for name, answer in answers.items()}
    return Facts(auth=door, min_replicas=settings.min_replicas, **seen)


class _ConcurrentProbes:
    """Questions that are asked at once and must be answered by one time."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._end = time.monotonic() + limit

    def start(self, look: Callable[[], _T]) -> Callable[[], _T | ProbeFailed]:
        """Begins to look; replies how to get what was seen."""
        answers: queue.SimpleQueue[_T | ProbeFailed] = queue.SimpleQueue()
        # A daemon: the process ends although it hangs.
        threading.Thread(target=lambda: answers.put(_try_probe(look)), daemon=True).start()

        def answer() -> _T | ProbeFailed:
            try:
                return answers.get(timeout=max(self._end - time.monotonic(), 0))
            except queue.Empty:
                return ProbeFailed(f"no answer within {self._limit:g} s")

        return answer


def _try_probe(look: Callable[[], _T]) -> _T | ProbeFailed:
    try:
        return look()
    except InvalidSettings as error:
        return ProbeFailed("; ".join(error.problems))
    except RedisError as error:
        return ProbeFailed(f"does not answer: {escape_control_chars(str(error))}")
    except httpx.HTTPError as error:
        return ProbeFailed(f"does not answer: {type(error).__name__}")  # its words may hold the address, and that a key
    except (SluiceError, OSError, ValueError) as error:
        return ProbeFailed(escape_control_chars(str(error)))


def redis_facts(url: str) -> RedisFacts:
    """Raises RedisError."""
    with connect(url, retries=0) as client:
        info: Any = client.info()  # connects
        before, begun = time.time(), time.perf_counter()
        seconds, micros = client.time()
        took = time.perf_counter() - begun
        online = [info[name] for name in info if name.startswith("slave") and name[5:].isdigit()]
        return RedisFacts(
            product="Valkey" if "valkey_version" in info else "Redis",
            version=str(info.get("valkey_version") or info["redis_version"]),
            latency_ms=took * 1000,
            skew_s=int(seconds) + int(micros) / 1e6 - before - took / 2,
            role=str(info["role"]),
            appendonly=bool(info["aof_enabled"]),
            appendfsync=_appendfsync(client),
            aof_writes=info.get("aof_last_write_status", "ok") == "ok",
            policy=str(info["maxmemory_policy"]),
            used_memory=int(info["used_memory"]),
            maxmemory=int(info["maxmemory"]),
            replicas=sum(replica.get("state") == "online" for replica in online),
        )


def workers_facts(url: str) -> WorkersFacts:
    """Raises RedisError."""
    with connect(url, retries=0) as client:
        workers = (
            WorkerFacts(
                f"{worker.report.node} (pid {worker.report.pid})",
                worker.report.queues,
                worker.problem,
                worker.report.node,
                worker.age >= worker_status.REPORT_TIMEOUT,
            )
            for worker in worker_status.worker_statuses(client)
        )
        lanes = (LaneFacts(lane.lane, lane.queue, lane.waiting) for lane in lane_statuses(client))
        return WorkersFacts(tuple(workers), HeartbeatRegistry(client).count_alive(), tuple(lanes))


def database_facts(address: str) -> DatabaseFacts:
    """Raises StoreUnavailable or ValueError."""
    store = Store(address, timeout=PROBE_TIMEOUT)
    try:
        store.check()  # connects
        begun = time.perf_counter()
        store.check()
        took = time.perf_counter() - begun
        with store.reading() as connection:
            kind = "PostgreSQL" if connection.dialect.name == "postgresql" else "SQLite"
            there = set(inspect(connection).get_table_names())
            missing = tuple(name for name in tables.metadata.tables if name not in there)
            indexes = () if missing else tuple(str(index.name) for index in upgrade.missing_indexes(connection))
        return DatabaseFacts(kind, took * 1000, missing, indexes)
    finally:
        store.close()


def media_facts(settings: Settings, seconds: float) -> MediaFacts:
    """Asks once for an id that does not exist. Raises httpx.HTTPError, or ValueError for an address that is none."""
    name, value = settings.media_header or ("accept", "*/*")
    url = MediaAddress(settings.media_url or "").url(_UNKNOWN_MEDIA_ID)
    with httpx.Client(timeout=seconds, trust_env=False) as client:  # redirects are not followed: they get no credential
        return MediaFacts(client.get(url, headers={name: value}).status_code)


def disk_facts(folder: Path, spool: Path, limit: int) -> DiskFacts:
    """Of the folder, or where it will be. Raises OSError."""
    place = folder.resolve()
    while not place.exists():
        place = place.parent
    used = sum(file.stat().st_size for file in spool.glob("*") if file.is_file())
    return DiskFacts(str(folder), os.access(place, os.W_OK), shutil.disk_usage(place).free, used, limit)


def handler_facts(modules: tuple[str, ...]) -> HandlerFacts:
    """Imports them. What they raise is told, and nothing is raised."""
    broken = []
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: BLE001 - it is the module's author who must be told, whatever it is
            broken.append((module, escape_control_chars(f"{type(error).__name__}: {error}")))
    return HandlerFacts(modules, tuple(broken))


def _appendfsync(client: redis.Redis) -> str | None:
    try:
        found: Any = client.config_get("appendfsync")
    except ResponseError:  # a managed one
        return None
    return str(found["appendfsync"]) if "appendfsync" in found else None
