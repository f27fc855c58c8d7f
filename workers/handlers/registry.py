"""The handlers that are known, each (type, handler) pair by the name of its lane and Celery task: `text.greet`."""

import inspect
import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from shared.errors import Retry
from workers.events import STATUS_TYPES, TYPES
from workers.handlers.queues import MESSAGES, STATUSES

_Function = TypeVar("_Function", bound=Callable[..., None])
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_OTHER_KINDS = (inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction)
_QUEUE = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")


class Handler(NamedTuple):
    """One function for one event type."""

    type: str
    name: str
    function: Callable[[Any], None]
    batch: bool  # called with a sequence of events rather than with one
    retry: Retry
    queue: str
    timeout: float  # seconds a call may take

    @property
    def lane(self) -> str:
        """Name of its lane and of its Celery task."""
        return f"{self.type}.{self.name}"


class Registry:
    """Handlers by lane."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {}

    def add(self, found: Handler) -> None:
        """Raises ValueError where that lane has another handler already."""
        known = self.handlers.get(found.lane)
        if known is not None and known.function is not found.function:
            raise ValueError(f"there are two handlers {found.lane}: {_place(known.function)}, {_place(found.function)}")
        self.handlers[found.lane] = found

    def lanes_by_type(self) -> dict[str, tuple[str, ...]]:
        """For each event type that has handlers, the lanes of these."""
        lanes: dict[str, tuple[str, ...]] = {}
        for lane, found in self.handlers.items():
            lanes[found.type] = (*lanes.get(found.type, ()), lane)
        return lanes


#: What `@handler` fills. Filled when a module of handlers is imported.
REGISTRY = Registry()


def handler(
    *types: str,
    name: str | None = None,
    batch: bool = False,
    retry: Retry | None = None,
    queue: str | None = None,
    timeout: float = 30.0,
) -> Callable[[_Function], _Function]:
    """Registers a function for events of these types (see workers.events.TYPES).

    `batch`: it is called with a sequence of up to 500 events; if it raises, the batch is halved until the culprit
    stands alone. `retry`: its policy. `queue`: the Celery queue, by default `messages` or `statuses`. `timeout`: the
    seconds a call may take. Raises ValueError or TypeError for what can't be.
    """
    unknown = sorted(set(types) - TYPES)
    if not types or unknown:
        raise ValueError(f"@handler takes event types ({', '.join(sorted(TYPES))}), not {', '.join(unknown) or 'none'}")
    if not 0 < timeout <= 3600:
        raise ValueError("a handler's timeout is from 0 to 3600 s")
    if queue is not None and not _QUEUE.match(queue):
        raise ValueError(f"{queue!r} is no queue name")

    def register(function: _Function) -> _Function:
        if any(is_other(function) for is_other in _OTHER_KINDS):
            raise TypeError(
                f"{_place(function)}: handlers are plain functions; run a coroutine with asyncio.run inside"
            )
        own = name or function.__name__
        if not _NAME.match(own):
            raise ValueError(f"{own!r} is no handler name")
        for kind in types:
            family = STATUSES if kind in STATUS_TYPES else MESSAGES
            REGISTRY.add(Handler(kind, own, function, batch, retry or Retry(), queue or family, timeout))
        return function

    return register


def _place(function: Callable[..., object]) -> str:
    return f"{function.__module__}.{function.__qualname__}"
