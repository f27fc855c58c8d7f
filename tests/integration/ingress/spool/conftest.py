"""The spool's fixtures."""

from tests.support.spool.fixtures import anyio_backend, folder, log

__all__ = ["anyio_backend", "folder", "log"]
