"""The event store's write path."""
