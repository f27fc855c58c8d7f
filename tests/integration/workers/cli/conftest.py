"""The command line's fixtures."""

from tests.support.cli.fixtures import _dumb_terminal, lanes, sluice

__all__ = ["_dumb_terminal", "lanes", "sluice"]
