"""The console's fixtures."""

from tests.support.console.fixtures import (
    busy_system,
    console,
    lanes,
    open_browser,
    open_console,
    operator,
    settings,
    store,
)

__all__ = ["busy_system", "console", "lanes", "open_browser", "open_console", "operator", "settings", "store"]
