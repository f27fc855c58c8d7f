"""The event store's tables, and their creation and upgrade."""
