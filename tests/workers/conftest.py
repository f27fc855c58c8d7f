"""A real server for the session, emptied for each test, and a registry of handlers for each test."""

from collections.abc import Iterator

import pytest
import redis

from shared.connections import connect
from shared.lanes import Lanes
from tests.support.valkey import valkey
from workers.handlers import registry
from workers.handlers.registry import Registry


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with valkey(appendfsync="no") as url:
        yield url


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with connect(redis_url) as connected:
        connected.flushall()
        yield connected
        connected.config_set("maxmemory", 0)


@pytest.fixture
def lanes(client: redis.Redis) -> Lanes:
    return Lanes(client)


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """What `@handler` fills in this test."""
    empty = Registry()
    monkeypatch.setattr(registry, "REGISTRY", empty)
    return empty
