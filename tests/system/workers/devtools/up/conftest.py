"""The command line's fixtures."""

from tests.support.cli.fixtures import _no_settings_but_the_test_s, client, lanes, sluice, valkey_url

__all__ = ["_no_settings_but_the_test_s", "client", "lanes", "sluice", "valkey_url"]
