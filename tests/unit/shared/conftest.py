"""No setting of the developer's reaches a test."""

from pathlib import Path

import pytest

from tests.support.programs import forget_settings


@pytest.fixture(autouse=True)
def _no_settings_but_the_test_s(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_settings(monkeypatch, tmp_path)
