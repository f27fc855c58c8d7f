"""The event store's read models."""
