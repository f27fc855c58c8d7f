"""`@handler`: what it registers, and what it refuses at once rather than when an event comes."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from shared.errors import Retry
from workers.events import MESSAGE_TYPES, STATUS_TYPES, TYPES, UNKNOWN
from workers.handlers import handler
from workers.handlers.registry import Registry


def greet(event: object) -> None: ...


def test_a_handler_is_known_by_its_type_and_name(handlers: Registry) -> None:
    assert handler("text")(greet) is greet  # still the plain function: it can be called and tested as such
    [found] = handlers.handlers.values()
    assert (found.lane, found.type, found.name, found.function) == ("text.greet", "text", "greet", greet)
    assert (found.batch, found.queue, found.timeout) == (False, "messages", 30.0)
    assert (found.retry.attempts, found.retry.base, found.retry.cap) == (8, 5.0, 3600.0)


def test_each_type_is_a_lane_of_its_own(handlers: Registry) -> None:
    policy = Retry(attempts=2)
    handler("sent", "read", name="count", batch=True, retry=policy, queue="own", timeout=5)(greet)
    assert list(handlers.handlers) == ["sent.count", "read.count"]
    for found in handlers.handlers.values():
        assert (found.batch, found.retry, found.queue, found.timeout) == (True, policy, "own", 5)


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_statuses_have_a_queue_apart_from_messages(handlers: Registry, kind: str) -> None:
    handler(kind)(greet)
    assert handlers.handlers[f"{kind}.greet"].queue == ("statuses" if kind in STATUS_TYPES else "messages")
    assert kind in MESSAGE_TYPES | STATUS_TYPES | {UNKNOWN}


def test_the_lanes_of_a_type_are_all_its_handlers(handlers: Registry) -> None:
    handler("text", "image", name="a")(greet)
    handler("text", name="b")(greet)
    assert handlers.lanes_by_type() == {"text": ("text.a", "text.b"), "image": ("image.a",)}


@pytest.mark.parametrize("types", [(), ("txt",), ("text", "Image"), ("",)])
def test_types_that_are_none_are_refused_and_all_types_named(handlers: Registry, types: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"event type.* \(use audio, button, .*, voice\)$"):
        handler(*types)
    assert handlers.handlers == {}


def test_the_wrong_types_are_named(handlers: Registry) -> None:
    with pytest.raises(ValueError, match=r"^unknown event type message, txt \(use "):
        handler("txt", "text", "message")


async def coroutine(event: object) -> None: ...


async def asynchronous_generator(event: object) -> AsyncIterator[int]:
    yield 1


def generator(event: object) -> Iterator[int]:
    yield 1


@pytest.mark.parametrize("function", [coroutine, asynchronous_generator, generator])
def test_a_function_whose_call_would_do_nothing_is_refused(handlers: Registry, function: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match=rf"test_registry\.{function.__name__}: a handler must be a plain function"):
        handler("text")(function)
    assert handlers.handlers == {}


def test_two_handlers_of_one_name_are_refused_and_both_named(handlers: Registry) -> None:
    def other(event: object) -> None: ...

    handler("text", name="greet")(other)
    with pytest.raises(ValueError, match=r"two handlers have the name text\.greet: .*\.other, .*\.greet$"):
        handler("text")(greet)
    assert handlers.handlers["text.greet"].function is other


def test_the_same_function_may_be_registered_again(handlers: Registry) -> None:
    handler("text")(greet)
    handler("text", timeout=9)(greet)
    assert handlers.handlers["text.greet"].timeout == 9


@pytest.mark.parametrize("timeout", [0, -1, 3601, float("inf"), float("nan")])
def test_a_timeout_that_cannot_be_is_refused(handlers: Registry, timeout: float) -> None:
    with pytest.raises(ValueError, match=r"timeout .* \(use more than 0 and at most 3600 seconds\)"):
        handler("text", timeout=timeout)


@pytest.mark.parametrize("queue", ["", "a b", "a\n", "q\x06\x163", "ü", "x" * 65, "*", "a:b"])
def test_a_queue_name_that_cannot_be_is_refused(handlers: Registry, queue: str) -> None:
    with pytest.raises(ValueError, match="invalid queue name"):
        handler("text", queue=queue)


@pytest.mark.parametrize("name", ["a.b", "a b", "1a", "a\n", "<lambda>", "grüße", "a:b"])
def test_a_name_that_cannot_be_a_lane_is_refused(handlers: Registry, name: str) -> None:
    with pytest.raises(ValueError, match="invalid handler name"):
        handler("text", name=name)(greet)
    assert handlers.handlers == {}
