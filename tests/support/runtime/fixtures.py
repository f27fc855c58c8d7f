"""A registry of handlers for each test."""

import pytest

from workers.handlers import registry
from workers.handlers.registry import Registry


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """What `@handler` fills in this test."""
    empty = Registry()
    monkeypatch.setattr(registry, "REGISTRY", empty)
    return empty
