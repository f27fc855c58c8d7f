"""No setting of the developer's reaches a test; a real server for those that need one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.support.valkey import valkey


@pytest.fixture(autouse=True)
def _no_settings_but_the_test_s(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # a `.env` there is none of ours


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    with valkey(appendonly="yes", appendfsync="always") as url:
        yield url


@pytest.fixture
def server(valkey_url: str) -> Iterator[redis.Redis]:
    """A client of a real server without data."""
    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
        yield client
