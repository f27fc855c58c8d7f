"""The resources of a worker process: its connections, clients and spans."""

import os
import secrets
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from shared.redis.connection import connect
from shared.settings import Settings
from workers.lanes import Lanes
from workers.media import (
    MediaAddress,
    MediaBreakerPolicy,
    MediaCache,
    MediaCircuitBreaker,
    MediaClient,
    MediaResultCounter,
)
from workers.media.breaker import MEDIA_BREAKER_KEY
from workers.runtime import heartbeat
from workers.runtime.per_process import PerProcess
from workers.runtime.steps.enrich_media import MediaParts
from workers.store import Store

if TYPE_CHECKING:
    from shared.observability.tracing.provider import Tracing


class WorkerResources:
    """What the lanes of a worker share. Each resource is created once per process, when it is first needed.

    The object itself is created before the pool forks. `start_tracing` starts a process's tracing, if it is on.
    """

    def __init__(self, settings: Settings, start_tracing: "Callable[[], Tracing] | None" = None) -> None:
        self.settings = settings
        # All processes of a worker share this part of their names; a worker that is restarted gets another.
        self._worker_id = secrets.token_hex(4)
        self._lanes = PerProcess(self._connect_lanes)
        self._store = PerProcess(self._open_store)
        self._media = PerProcess(self._create_media)
        self._tracing = PerProcess(start_tracing) if start_tracing else None
        self._consumer = PerProcess(self._start_heartbeat)

    @property
    def lanes(self) -> Lanes:
        """The lanes of the settings' Redis."""
        return self._lanes.get()

    @property
    def store(self) -> Store:
        """The event store; its tables are created if they are missing. Raises StoreUnavailable."""
        return self._store.get()

    @property
    def media(self) -> MediaParts:
        """What media lookups go through."""
        return self._media.get()

    @property
    def tracing(self) -> "Tracing | None":
        """This process's tracing, None if it is off. It starts a thread, so use it only after the fork."""
        return self._tracing.get() if self._tracing else None

    def close_tracing(self) -> None:
        """Export the last spans, if this process created any."""
        if self._tracing and (tracing := self._tracing.take()):
            tracing.close()

    @property
    def worker_name(self) -> str:
        """Name of the worker, the same in all its processes."""
        return f"{socket.gethostname()}:{self._worker_id}"

    def consumer_name(self, pid: int | None = None) -> str:
        """Return the name under which a process of this worker (default: this one) holds entries."""
        return f"{self.worker_name}:{pid or os.getpid()}"

    def register_consumer(self) -> str:
        """Start this process's heartbeat, unless it runs already, and return its consumer name. Raises RedisError."""
        return self._consumer.get()

    def _start_heartbeat(self) -> str:
        name = self.consumer_name()
        heartbeat.start_heartbeat(self.settings.redis, name)
        return name

    def _connect_lanes(self) -> Lanes:
        url = self.settings.redis
        return Lanes(connect(url), take_client=connect(url, retries=0), dedupe_seconds=self.settings.dedupe_seconds)

    def _open_store(self) -> Store:
        store = Store(self.settings.database or "")
        store.create()
        return store

    def _create_media(self) -> MediaParts:
        settings, client = self.settings, self.lanes.client
        return MediaParts(
            MediaClient(MediaAddress(settings.media_url or ""), settings.media_header),
            MediaCache(client, "sluice:media"),
            MediaCircuitBreaker(client, MEDIA_BREAKER_KEY, MediaBreakerPolicy(per_hour=None)),
            MediaResultCounter(client),
        )
