"""Fixtures of all tests: a Redis server, no settings of the developer, and a log in which no line goes unnoticed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from xdist.remote import Producer

from shared.redis.connection import connect
from tests.support.distribution import GroupScheduling
from tests.support.examples import register_profiles
from tests.support.log import Log, recorded_log
from tests.support.programs import forget_settings
from tests.support.valkey import valkey
from workers.lanes import Lanes

register_profiles()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slow folders first, so that no test process is left with them at the end."""
    order = {"system": 0, "integration": 1, "unit": 2}
    items.sort(key=lambda item: order.get(item.nodeid.split("/")[1], 0))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> GroupScheduling:
    """Keep the tests of a file in one process, and those that share a Sluice, too."""
    return GroupScheduling(config, log)


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
