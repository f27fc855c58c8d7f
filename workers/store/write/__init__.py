"""The event store's write path: from events to rows to SQL."""
