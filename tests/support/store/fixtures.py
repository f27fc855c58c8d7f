"""Stores of both kinds: SQLite in a temporary file, and a real PostgreSQL."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgres import binaries, postgres
from workers.store import Store
from workers.store.schema import tables


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    if binaries() is None and os.environ.get("REQUIRE_POSTGRES") != "1":
        pytest.skip("PostgreSQL is not installed (set REQUIRE_POSTGRES=1 to fail instead)")
    with postgres() as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """A database without our tables."""
    store = Store(postgres_server)
    with store.writing() as connection:
        tables.metadata.drop_all(connection)
    store.close()
    return postgres_server


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/a folder/that/is missing/events.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """A database without our tables, of each kind."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty store of each kind."""
    store = Store(store_url)
    store.create()
    yield store
    store.close()
