"""The spool's fixtures."""

from tests.support.spool.fixtures import folder

__all__ = ["folder"]
