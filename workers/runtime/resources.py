"""What one process holds: made at first use, and made anew after a fork, since no connection may be shared."""

import os
import secrets
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from shared.redis.connection import connect
from shared.settings import Settings
from workers.lanes import Lanes
from workers.runtime import heartbeat

if TYPE_CHECKING:
    from shared.observability.tracing.provider import Tracing

_T = TypeVar("_T")


class WorkerResources:
    """Resources of this process by name. `tracing` makes its spans, where these are wanted."""

    def __init__(self, settings: Settings, tracing: "Callable[[], Tracing] | None" = None) -> None:
        self.settings = settings
        self._tracing = tracing
        # Made before a fork and so known to all of a worker's processes; a worker that is started again has another.
        self._worker = secrets.token_hex(4)
        self._held: dict[str, Any] = {}
        self._locks: dict[str, threading.Lock] = {}
        os.register_at_fork(after_in_child=self._begin_anew)

    def get(self, name: str, make: Callable[[], _T]) -> _T:
        """The resource of that name, made by `make` if this process has none yet; once, whatever threads ask."""
        if name not in self._held:
            with self._locks.setdefault(name, threading.Lock()):
                if name not in self._held:
                    self._held[name] = make()
        held: _T = self._held[name]
        return held

    def _begin_anew(self) -> None:
        # The parent's are dropped, not closed: closing would end the parent's connections.
        self._held, self._locks = {}, {}

    @property
    def lanes(self) -> Lanes:
        """The lanes of the settings' Redis."""
        url, window = self.settings.redis, self.settings.dedupe_seconds
        return self.get(
            "lanes", lambda: Lanes(connect(url), take_client=connect(url, retries=0), dedupe_seconds=window)
        )

    @property
    def tracing(self) -> "Tracing | None":
        """What makes spans, where they are wanted. It has a thread, so it must not be asked for before a fork."""
        return self.get("tracing", self._tracing) if self._tracing is not None else None

    def end_tracing(self) -> None:
        """Sends the last spans, if this process made any."""
        if self._tracing is not None and "tracing" in self._held:
            self._held.pop("tracing").close()

    @property
    def worker_name(self) -> str:
        """The worker's name: that of all its processes."""
        return f"{socket.gethostname()}:{self._worker}"

    def consumer_name(self, pid: int | None = None) -> str:
        """The name by which a process of this worker holds entries; by default this one."""
        return f"{self.worker_name}:{pid or os.getpid()}"

    @property
    def registered_consumer_name(self) -> str:
        """This process' name, with its heart beating from now on. Raises RedisError."""
        name = self.consumer_name()
        self.get("heart", lambda: heartbeat.start_heartbeat(self.settings.redis, name))
        return name
