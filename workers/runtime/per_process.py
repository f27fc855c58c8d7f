"""A value that each process creates for itself, since a connection must not be shared across a fork."""

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_Value = TypeVar("_Value")


class PerProcess(Generic[_Value]):
    """Calls `create` once per process, when the value is first needed. Thread-safe.

    After a fork the child's value is dropped, not closed: closing would end the parent's connection.
    """

    def __init__(self, create: Callable[[], _Value]) -> None:
        self._create = create
        self._lock = threading.Lock()
        self._values: list[_Value] = []  # at most one
        os.register_at_fork(after_in_child=self._forget)

    def get(self) -> _Value:
        """Return the value, creating it if this process has none yet. Raises what `create` raises."""
        if not self._values:
            with self._lock:
                if not self._values:
                    self._values.append(self._create())
        return self._values[0]

    def take(self) -> _Value | None:
        """Return the value and forget it; None if this process has none."""
        return self._values.pop() if self._values else None

    def _forget(self) -> None:
        # The lock too: a thread that does not exist in the child may hold it.
        self._lock, self._values = threading.Lock(), []
