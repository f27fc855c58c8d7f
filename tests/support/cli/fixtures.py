"""A real Redis, and the commands as they run in this process: fast, and without a terminal."""

import os
from collections.abc import Callable
from typing import Any

import pytest
import redis
from typer.testing import CliRunner, Result

from workers.cli.app import app
from workers.lanes import DeadLettered, Lanes, LaneSpec

Sluice = Callable[..., Result]


@pytest.fixture(autouse=True)
def _dumb_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "TERM", "dumb")


@pytest.fixture
def lanes(client: redis.Redis) -> Lanes:
    """Lanes on that server, all empty."""
    made = Lanes(client)
    made.register(LaneSpec(name, "messages", 10, 60_000) for name in ("intake", "text.greet", "text.store"))
    return made


@pytest.fixture
def sluice() -> Sluice:
    """Runs a command. Settings are keyword arguments: `redis_url=…`."""

    def run(*arguments: str, **settings: str) -> Result:
        environment = {f"SLUICE_{name.upper()}": value for name, value in settings.items()}
        result = CliRunner().invoke(app, list(arguments), env=environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


def bury(lanes: Lanes, lane: str, data: bytes, verdict: DeadLettered) -> str:
    """Makes a dead letter of it; its name."""
    lanes.push(lane, [data])
    [taken] = lanes.take(lane, "test", 1)
    lanes.settle(lane, [(taken.id, verdict)])
    newest: Any = lanes.client.xrevrange(f"sluice:lane:{lane}:dead", count=1)
    return f"{lane}/{newest[0][0].decode()}"
