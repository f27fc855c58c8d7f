"""A real Redis server for the session, emptied for each test, and a media API."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import redis

from tests.support.media_api import MediaApi, media_api
from workers.media import MediaAddress, MediaClient

CREDENTIAL = ("authorization", "Bearer tell-nobody-0123456789")
NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def other_client(redis_url: str) -> Iterator[redis.Redis]:
    """What another process would use."""
    with redis.Redis.from_url(redis_url) as connected:
        yield connected


@pytest.fixture(scope="session")
def running_api() -> Iterator[MediaApi]:
    with media_api(auth=CREDENTIAL) as running:
        yield running


@pytest.fixture
def api(running_api: MediaApi) -> MediaApi:
    running_api.forget()
    return running_api


@pytest.fixture
def media(api: MediaApi) -> Iterator[MediaClient]:
    client = MediaClient(MediaAddress(api.url_template), CREDENTIAL, concurrency=8, timeout=3.0, now=lambda: NOW)
    yield client
    client.close()


def hurried(api: MediaApi, *, concurrency: int = 8) -> MediaClient:
    """A client that waits 0.3 s for an answer; the test closes it."""
    return MediaClient(MediaAddress(api.url_template), CREDENTIAL, concurrency=concurrency, timeout=0.3)
