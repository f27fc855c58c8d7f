"""The event store's tables, and how they are created and upgraded."""
