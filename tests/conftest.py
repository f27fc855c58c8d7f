"""What tests of most folders need: a real Redis for the session, emptied for each test."""

from collections.abc import Iterator

import pytest
import redis

from shared.redis.connection import connect
from tests.support.valkey import valkey
from workers.lanes import Lanes


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with valkey(appendfsync="no") as url:
        yield url


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with connect(redis_url) as connected:
        connected.flushall()
        yield connected
        connected.config_set("maxmemory", 0)  # some tests fill it


@pytest.fixture
def lanes(client: redis.Redis) -> Lanes:
    return Lanes(client)
