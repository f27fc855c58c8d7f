"""A folder for a spool, and a log in which no line goes unnoticed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ingress.log import Log

_MODULES = ("spool.append_queue", "spool.claims", "spool.drainer", "spool.outage_log", "delivery.failover")


class SpoolLog(Log):
    """With a shorter way to look at it."""

    @property
    def events(self) -> list[str]:
        """The lines' words, since the last time."""
        return [line.event for line in self.take()]


@pytest.fixture(autouse=True)
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[SpoolLog]:
    """What is logged. A line that the test does not take fails it."""
    recorder = SpoolLog()
    for module in _MODULES:
        monkeypatch.setattr(f"ingress.{module}._log", recorder)
    yield recorder
    assert recorder.lines == []


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a spool may be; not made yet."""
    return tmp_path / "data" / "spool"
