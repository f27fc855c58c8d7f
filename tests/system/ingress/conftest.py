"""The ingress's fixtures."""

from tests.support.ingress.fixtures import _no_settings_but_the_test_s, anyio_backend, log, server, valkey_url

__all__ = ["_no_settings_but_the_test_s", "anyio_backend", "log", "server", "valkey_url"]
