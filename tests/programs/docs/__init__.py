"""The documentation's generated tables and the checks on the built site: `make docs`."""
