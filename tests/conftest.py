"""Fixtures of all tests: a Redis server, no settings of the developer, and a log in which no line goes unnoticed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from shared.redis.connection import connect
from tests.support.examples import register_profiles
from tests.support.log import Log, recorded_log
from tests.support.programs import forget_settings
from tests.support.valkey import valkey
from workers.lanes import Lanes

register_profiles()


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slow folders first, so that no test process is left with them at the end, and share what they start.

    Tests of one file stay in one process (--dist loadgroup); so do all that use the running Sluice of tests/system.
    """
    order = {"system": 0, "integration": 1, "unit": 2}
    items.sort(key=lambda item: order.get(item.nodeid.split("/")[1], 0))
    for item in items:
        shared = "sluice" in getattr(item, "fixturenames", ()) and item.nodeid.startswith("tests/system/test_")
        item.add_marker(pytest.mark.xdist_group("tests/system" if shared else item.nodeid.partition("::")[0]))


@pytest.fixture(autouse=True)
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    """The lines that the product logs in this process.

    A warning or an error fails the test unless the test takes the line or is marked `logs("error", …)`: the levels
    that it expects.
    """
    marker = request.node.get_closest_marker("logs")
    expected = {"debug", "info", *(marker.args if marker else ())}
    with recorded_log() as recorder:
        yield recorder
    assert [line for line in recorder.lines if line.level not in expected] == []


@pytest.fixture(autouse=True)
def _no_settings_of_the_developer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_settings(monkeypatch, tmp_path)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Valkey server, one per test process."""
    with valkey(appendonly="yes", appendfsync="no") as url:
        yield url


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    """A client of the server, which is empty."""
    with connect(redis_url) as connected:
        connected.flushall()
        yield connected
        connected.client_unpause()
        connected.config_set("maxmemory", 0)  # some tests fill it


@pytest.fixture
def lanes(client: redis.Redis) -> Lanes:
    return Lanes(client)
