"""No setting of the developer's reaches a test, no line is logged that it does not expect; and a real server."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from ingress.log_throttle import LogThrottle
from ingress.uvicorn_http.limits import LimitedProtocol
from tests.support.ingress.log import Log
from tests.support.programs import forget_settings
from tests.support.valkey import valkey

_MODULES = (
    "uvicorn_http.limits",
    "delivery.group_commit",
    "delivery.redis_writer",
    "delivery.failover",
    "sender_filter",
    "webhooks",
    "spool.outage_log",
)


@pytest.fixture(autouse=True)
def _no_settings_but_the_test_s(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_settings(monkeypatch, tmp_path)


@pytest.fixture(autouse=True)
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    """What is logged. A line that the test does not take fails it."""
    recorder = Log()
    monkeypatch.setattr(LimitedProtocol, "_told", defaultdict(LogThrottle))
    for module in _MODULES:
        monkeypatch.setattr(f"ingress.{module}._log", recorder)
    yield recorder
    assert recorder.lines == []


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
