"""The console's fixtures."""

from tests.support.console.fixtures import busy, come, desk, lanes, open_desk, operator, settings, store

__all__ = ["busy", "come", "desk", "lanes", "open_desk", "operator", "settings", "store"]
