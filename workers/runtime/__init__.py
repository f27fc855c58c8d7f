"""The work of a worker process: drains, their steps, lane maintenance, liveness, and the Celery application."""
