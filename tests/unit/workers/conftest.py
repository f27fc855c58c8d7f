"""A registry of handlers."""

from tests.support.runtime.fixtures import handlers

__all__ = ["handlers"]
