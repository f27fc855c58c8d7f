"""Tests of the event store, on SQLite and on a real PostgreSQL."""
