"""The registered handlers. Each (type, handler) pair has a lane and a Celery task of the same name: `text.greet`."""

import inspect
import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from shared.errors import Retry
from workers.events import STATUS_TYPES, TYPES
from workers.handlers.queues import MESSAGES, STATUSES

_Function = TypeVar("_Function", bound=Callable[..., None])
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_QUEUE = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
#: A call of such a function only creates an object: its body would never run.
_UNSUPPORTED_KINDS = (inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction)


class Handler(NamedTuple):
    """One function for one event type."""

    type: str
    name: str
    function: Callable[[Any], None]
    batch: bool  # called with a sequence of events instead of one event
    retry: Retry
    queue: str
    timeout: float  # seconds per call

    @property
    def lane(self) -> str:
        """Name of the handler's lane and of its Celery task."""
        return f"{self.type}.{self.name}"


class Registry:
    """Handlers by lane."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {}

    def add(self, added: Handler) -> None:
        """Add a handler. Raises ValueError if its lane belongs to another function."""
        existing = self.handlers.get(added.lane)
        if existing is not None and existing.function is not added.function:
            functions = f"{_qualified_name(existing.function)}, {_qualified_name(added.function)}"
            raise ValueError(f"two handlers have the name {added.lane}: {functions}")
        self.handlers[added.lane] = added

    def lanes_by_type(self) -> dict[str, tuple[str, ...]]:
        """Return the lanes of each event type's handlers. Types without a handler are left out."""
        lanes: dict[str, tuple[str, ...]] = {}
        for lane, registered in self.handlers.items():
            lanes[registered.type] = (*lanes.get(registered.type, ()), lane)
        return lanes


#: Filled by `@handler` when a module of handlers is imported.
REGISTRY = Registry()


def handler(
    *types: str,
    name: str | None = None,
    batch: bool = False,
    retry: Retry | None = None,
    queue: str | None = None,
    timeout: float = 30.0,
) -> Callable[[_Function], _Function]:
    """Register a function as the handler of one or more event types.

    The function stays a plain function, so a test can call it. It runs at least once for each event: store
    `event.key` beside its effect if that must happen only once.

    Args:
        *types (str): Event types, of `workers.TYPES`. Each (type, handler) pair gets a lane of its own.
        name (str | None): Name of the handler. Default: the function's name. Lanes and Celery tasks are named
            `type.name`, so renaming a handler leaves the events that wait in the old lane behind.
        batch (bool): If true, the function is called with a sequence of up to 500 events. If it then raises, the
            batch is halved until the failing event is alone; the others are handled.
        retry (Retry | None): Retry policy. Default: `Retry()`, 8 attempts within about ten minutes.
        queue (str | None): Celery queue of the handler's wake-ups, so that workers can be dedicated to it (`-Q`).
            Default: `statuses` for status types, else `messages`.
        timeout (float): Seconds that one call may take, above 0 and at most 3600. Default: 30.

    Returns:
        A decorator that registers the function and returns it unchanged.

    Raises:
        ValueError: For an unknown type, no type at all, an invalid name, queue or timeout, or if another function has
            the same type and name.
        TypeError: For a coroutine function or a generator function. Use `asyncio.run` inside a plain function.

    Example:
        ```python
        @handler("text", "button", retry=Retry(attempts=5, base=2), timeout=10)
        def answer(event: TextMessage | ButtonMessage) -> None:
            replies.send(to=event.customer, text=event.text, idempotency_key=event.key)
        ```
    """
    unknown = sorted(set(types) - TYPES)
    if unknown or not types:
        problem = f"unknown event type {', '.join(unknown)}" if unknown else "@handler needs an event type"
        raise ValueError(f"{problem} (use {', '.join(sorted(TYPES))})")
    if not 0 < timeout <= 3600:
        raise ValueError(f"invalid handler timeout {timeout:g} (use more than 0 and at most 3600 seconds)")
    if queue is not None and not _QUEUE.match(queue):
        raise ValueError(f"invalid queue name {queue!r} (use 1 to 64 of: letters, digits, '_', '.', '-')")

    def register(function: _Function) -> _Function:
        if any(is_unsupported(function) for is_unsupported in _UNSUPPORTED_KINDS):
            raise TypeError(
                f"{_qualified_name(function)}: a handler must be a plain function (use asyncio.run for a coroutine)"
            )
        handler_name = name or function.__name__
        if not _NAME.match(handler_name):
            raise ValueError(f"invalid handler name {handler_name!r} (use letters, digits and '_')")
        for type_ in types:
            default_queue = STATUSES if type_ in STATUS_TYPES else MESSAGES
            REGISTRY.add(
                Handler(type_, handler_name, function, batch, retry or Retry(), queue or default_queue, timeout)
            )
        return function

    return register


def _qualified_name(function: Callable[..., object]) -> str:
    return f"{function.__module__}.{function.__qualname__}"
