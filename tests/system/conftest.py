"""One running Sluice for each kind of database."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.postgres import binaries, postgres
from tests.support.stack import Stack, stack


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def sluice(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Ingress, workers, Valkey, event store and media API, as `sluice up` runs them."""
    folder: Path = tmp_path_factory.mktemp("system")
    with ExitStack() as running:
        settings = {}
        if request.param == "postgresql":
            if binaries() is None and os.environ.get("REQUIRE_POSTGRES") != "1":
                pytest.skip("PostgreSQL is not installed")
            settings["SLUICE_DATABASE_URL"] = running.enter_context(postgres())
        yield running.enter_context(stack(folder, **settings))
