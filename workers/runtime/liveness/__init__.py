"""Liveness of workers: each watches its own consumer, reports its status to Redis, and ends if it has stalled."""
