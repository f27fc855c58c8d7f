"""The spool's fixtures."""

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a spool, not created yet."""
    return tmp_path / "data" / "spool"
