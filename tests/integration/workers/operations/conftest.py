"""A real Redis, an event store, and the command line pointed at both."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from typer.testing import CliRunner

from workers.cli.app import app
from workers.lanes import DeadLettered, Lanes, LaneSpec

Sluice = Callable[..., Any]


@pytest.fixture
def lanes(client: redis.Redis) -> Lanes:
    made = Lanes(client)
    made.register(
        LaneSpec(name, "messages", 10, 60_000) for name in ("text.greet", "text.store", "image.store", "sent.store")
    )
    return made


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'events.db'}"


@pytest.fixture
def sluice(redis_url: str, database: str, monkeypatch: pytest.MonkeyPatch) -> Sluice:
    """Runs a command; answers its JSON, or with `fails=True` its exit code and what it said."""
    monkeypatch.setenv("SLUICE_REDIS_URL", redis_url)
    monkeypatch.setenv("SLUICE_DATABASE_URL", database)

    def run(*arguments: str, fails: bool = False, plain: bool = False) -> Any:
        result = CliRunner().invoke(app, list(arguments) if plain or fails else [*arguments, "--json"])
        if fails:
            assert result.exit_code != 0
            return result.exit_code, result.output
        assert result.exit_code == 0, result.output
        return result.stdout if plain else json.loads(result.stdout)

    return run


def bury(lanes: Lanes, lane: str, data: bytes, *, why: str = "exhausted", error: str = "boom") -> str:
    """Makes a dead letter; its id."""
    lanes.push(lane, [data])
    (taken,) = lanes.take(lane, "test", 1)
    lanes.settle(lane, [(taken.id, DeadLettered(why, error, "traceback"))])
    newest: Any = lanes.client.xrevrange(f"sluice:lane:{lane}:dead", count=1)
    return f"{lane}/{newest[0][0].decode()}"
