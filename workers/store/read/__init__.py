"""The event store's queries."""
