"""From a wake-up to a handler: decisions, work, drains, and real Celery workers."""
